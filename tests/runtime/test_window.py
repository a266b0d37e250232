"""Deliveries to a partner, with the real window; a hand courier says when and how each one ends."""

from dataclasses import replace
from typing import Any

import pytest

from streams.contracts import names
from streams.domain.effects import Publish, SetTimer
from streams.domain.events import OrderScreened
from tests.runtime.partner import Partner
from tests.runtime.rig_map import CHANNEL, GROUP, ONE, START, TWO, facts, own

HEARD = OrderScreened(order_id="a", is_suspicious=False, reasons=["heard"])


def test_what_the_handler_translates_is_delivered() -> None:
    rig = Partner()
    rig.say(ONE, "a", "a1")
    rig.turns(2)
    assert rig.flying == ["a1"]
    rig.land("a1")
    assert (rig.sent, rig.committed()) == (["a1"], 1)


def test_many_keys_are_in_flight_but_of_each_key_one_at_a_time() -> None:
    rig = Partner()
    rig.tell("a1", "b1", "a2")
    rig.turn()
    assert rig.flying == ["a1", "b1"]
    rig.land("a1")
    assert rig.flying == ["b1", "a2"]


def test_the_window_is_bounded() -> None:
    rig = Partner(channel=replace(CHANNEL, concurrency=2))
    rig.tell("a1", "b1", "c1")
    rig.turn()
    assert rig.flying == ["a1", "b1"]
    rig.land("b1")
    assert rig.flying == ["a1", "c1"]


def test_a_hanging_key_delays_nobody_and_no_commit_passes_it() -> None:
    rig = Partner()
    rig.tell("z1", "a1", "b1", "a2", "b2", "a3")
    rig.turn()
    for reason in ("a1", "b1", "a2", "b2", "a3"):
        rig.land(reason)
    assert rig.flying == ["z1"]
    assert rig.committed() == 0
    rig.land("z1")
    assert rig.committed() == 6


def test_an_abort_loses_nothing_and_repeats_what_was_in_the_window() -> None:
    rig = Partner()
    rig.tell("a1", "b1", "a2")
    rig.turn()
    rig.courier.land(rig.courier.flying[0], [])
    rig.turn(aborts=True)
    assert rig.flying == []
    rig.turn()
    assert rig.flying == ["a1", "b1"]
    ids = [item.delivery.id for item in rig.courier.sent if item.delivery]
    assert ids[-2:] == ids[:2] == [f"{own(ONE)}-0-0", f"{own(ONE)}-0-1"]


def test_what_a_channel_asks_for_is_done_with_its_deliverys_commit() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=[Publish(HEARD)])
    assert rig.done == ["heard"]


NONSENSE = [SetTimer("window", START), Publish(HEARD, to="nowhere"), Publish(HEARD, to=ONE), "?"]


@pytest.mark.parametrize("asked", NONSENSE)
def test_what_a_channel_must_not_ask_for_fails_its_record_and_not_the_app(asked: Any) -> None:
    rig = Partner()
    rig.tell("a1", "b1")
    rig.turn()
    rig.land("a1", result=[asked])
    rig.land("b1")
    (failed,) = [*rig.dead, *rig.log[names.lane(GROUP, 1), 0]]
    assert (rig.done, facts(failed).stage, rig.committed()) == ([], "deliver", 2)


def test_a_delivery_that_cannot_be_decoded_is_buried_and_holds_nothing() -> None:
    rig = Partner()
    rig.append((own(ONE), 0), b"a", b"no avro", [])
    rig.tell("a2")
    rig.turns()
    assert rig.flying == ["a2"]
    assert facts(rig.dead[0]).stage == "decode"
    assert rig.committed() == 1


def test_two_own_topics_of_one_key_are_delivered_one_at_a_time() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.tell("a2", topic=TWO)
    rig.turn()
    assert len(rig.flying) == 1
    rig.land(*rig.flying)
    assert len(rig.flying) == 1
