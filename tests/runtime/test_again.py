"""`partners replay` where it acts: what a partner has had goes out once more, in order, once a command."""

from datetime import timedelta
from typing import Any

import pytest

from streams.contracts import names
from streams.contracts.facts import Facts, with_facts
from streams.domain.failure import Poison
from streams.runtime.commands import AGAIN, COMMAND
from tests.runtime.partner import Partner
from tests.runtime.rig_map import GROUP, ONE, facts, own


def ask(rig: Partner, *offsets: int, topic: str = ONE) -> None:
    """As the command line does."""
    for offset in offsets:
        record = rig.log[own(topic), 0][offset]
        at = record.topic(), 0, offset, record.timestamp()[1]
        headers = with_facts(record.headers() or [], Facts("deliver", *at, GROUP, 0, at[-1], at[-1], "", "", "", ""))
        rig.append((names.control(GROUP), 0), record.key(), record.value(), [*headers, (COMMAND, AGAIN.encode())])


def delivered(rig: Partner, turns: int = 10) -> list[str]:
    """What goes out from now on, one at a time; all ends well."""
    before = len(rig.sent)
    for _ in range(turns):
        rig.turn()
        rig.land(*rig.flying)
    return rig.sent[before:]


@pytest.mark.parametrize("more", [{}, {"order": "none"}, {"dedupe": timedelta(days=1)}])
def test_what_was_delivered_goes_out_again_with_its_id(more: Any) -> None:
    rig = Partner(**more)
    rig.tell("a1", "a2", "b1")
    first = sorted(delivered(rig))
    ask(rig, 0, 1, 2)
    assert sorted(delivered(rig)) == first == ["a1", "a2", "b1"]
    ids = [item.delivery.id for item in rig.courier.sent if item.delivery]
    assert set(ids[:3]) == set(ids[3:])
    assert rig.task.keys.held == {}


def test_each_key_comes_in_its_order_and_before_what_is_newer() -> None:
    rig = Partner()
    rig.tell("a1", "a2", "a3")
    delivered(rig)
    ask(rig, 0, 1, 2)
    rig.tell("a4")
    assert delivered(rig) == ["a1", "a2", "a3", "a4"]


def test_a_repeated_command_acts_once_while_the_first_has_not_ended() -> None:
    rig = Partner()
    rig.tell("a1")
    delivered(rig)
    ask(rig, 0, 0)
    rig.turn()
    ask(rig, 0)
    delivered(rig)
    assert rig.sent == ["a1", "a1"]


def test_an_aborted_turn_asks_again_and_still_acts_once() -> None:
    rig = Partner()
    rig.tell("a1")
    delivered(rig)
    ask(rig, 0)
    rig.turn(aborts=True)
    assert delivered(rig) == ["a1"]


def test_what_is_still_to_come_or_dead_is_left_alone() -> None:
    rig = Partner()
    rig.tell("a1", "b1")
    rig.turn()
    rig.land("a1", result=Poison("never"))
    ask(rig, 0, 1)
    assert delivered(rig) == []
    assert (rig.flying, rig.sent) == ([], ["a1", "b1"])


def test_while_the_partner_is_paused_it_waits_and_what_fails_climbs_the_ladder_anew() -> None:
    rig = Partner()
    rig.tell("a1")
    delivered(rig)
    rig.command("pause")
    ask(rig, 0)
    assert delivered(rig) == []
    rig.command("resume")
    rig.turns(2)
    rig.land("a1", result=RuntimeError("400"))
    rig.turn()
    [waits] = rig.log[names.lane(GROUP, 1), 0]
    assert (rig.lane(1), facts(waits).attempts) == (["a1"], 1)


def test_a_record_of_another_topic_or_partition_is_no_delivery() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.say(ONE, "b", "b1")
    delivered(rig)
    for at in ((ONE, 0, 0), (own(ONE), 1, 0), (own(ONE), 0, 99)):
        headers = with_facts([], Facts("deliver", *at, 1, GROUP, 0, 1, 1, "", "", "", ""))
        rig.append((names.control(GROUP), 0), b"a", b"?", [*headers, (COMMAND, AGAIN.encode())])
    assert delivered(rig) == []
