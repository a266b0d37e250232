"""Deliveries to a partner, with the real window, work and commands; a hand courier says when and how each one ends."""

from dataclasses import replace
from typing import Any

import pytest

from streams.contracts import names
from streams.domain.effects import Publish, SetTimer
from streams.domain.events import OrderScreened
from streams.domain.failure import Gone, Poison, Unreachable
from tests.runtime.partner import Partner
from tests.runtime.rig import START, facts
from tests.runtime.rig_map import BURY, CHANNEL, GROUP, ONE, PARK, TWO, own

REFUSED = RuntimeError("400")
HEARD = OrderScreened(order_id="a", is_suspicious=False, reasons=["heard"])
DOWN = Unreachable(reason="connection refused")


def outage(rig: Partner) -> None:
    """Three keys find nobody there."""
    rig.tell("a1", "b1", "c1")
    rig.turn()
    for reason in ("a1", "b1", "c1"):
        rig.land(reason, result=DOWN)


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


def test_a_refused_delivery_climbs_the_ladder_and_its_key_waits() -> None:
    rig = Partner()
    rig.tell("a1", "a2", "b1")
    rig.turn()
    rig.land("a1", "b1", result=REFUSED)
    assert rig.lane(1) == ["a1", "b1"]
    rig.turn()
    assert rig.flying == []
    rig.later(1)
    rig.turn()
    assert rig.flying == ["a1", "b1"]
    rig.land("a1")
    rig.turn()
    assert rig.flying == ["b1", "a2"]


def test_a_record_that_arrives_while_its_keys_queue_runs_on_is_delivered_in_its_turn() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=REFUSED)
    rig.later(1)
    rig.turn()
    rig.tell("a2", "a3")
    rig.turns()
    assert rig.flying == ["a1"]
    for reason in ("a1", "a2", "a3"):
        rig.land(reason)
        rig.turn()
    assert rig.sent == ["a1", "a1", "a2", "a3"]
    assert rig.task.keys.held == {}


def test_a_queue_runs_on_without_a_turn_of_rest_between_its_records() -> None:
    rig = Partner()
    rig.tell("a1", "a2", "a3")
    rig.turn()
    rig.land("a1", result=REFUSED)
    rig.later(1)
    rig.turn()
    rig.land("a1")
    assert rig.flying == ["a2"]
    rig.land("a2")
    assert rig.flying == ["a3"]


def test_three_keys_without_an_answer_open_the_breaker_and_their_failures_are_given_back() -> None:
    rig = Partner()
    outage(rig)
    assert rig.state == "down"
    assert rig.flying == []
    held = rig.task.keys.held
    assert {key: (value.is_running_on, value.attempts) for key, value in held.items()} == {
        b"a": (True, 0), b"b": (True, 0),
    }  # fmt: skip


def test_a_success_between_keeps_the_breaker_closed() -> None:
    rig = Partner()
    rig.tell("a1", "b1", "c1", "d1")
    rig.turn()
    rig.land("a1", "b1", result=DOWN)
    rig.land("d1")
    rig.land("c1", result=DOWN)
    assert rig.state == "up"
    assert rig.lane(1) == ["a1", "b1", "c1"]


def test_while_down_the_oldest_records_of_the_keys_probe_in_turn() -> None:
    rig = Partner()
    outage(rig)
    rig.tell("a2", "d1")
    probes = []
    for _ in range(8):
        rig.later(5)
        rig.turn()
        probes += rig.flying
        rig.turn()
        rig.land(*rig.flying, result=DOWN)
    assert sorted(probes[:4]) == sorted(probes[4:]) == ["a1", "b1", "c1", "d1"]


def test_one_success_resumes_and_every_key_goes_on_in_its_order_with_all_its_attempts() -> None:
    rig = Partner()
    outage(rig)
    rig.tell("a2", "b2")
    rig.later(5)
    rig.turn()
    (first,) = rig.flying
    rig.land(first)
    assert rig.state == "up"
    delivered = [first]
    while rig.flying:
        delivered += rig.flying
        rig.land(*rig.flying)
        rig.turn()
    assert sorted(delivered) == ["a1", "a2", "b1", "b2", "c1"]
    assert delivered.index("a1") < delivered.index("a2")
    assert delivered.index("b1") < delivered.index("b2")
    assert rig.dead == []
    assert rig.task.keys.held == {}


def test_a_given_back_failure_climbs_the_ladder_from_its_foot() -> None:
    rig = Partner()
    outage(rig)
    rig.later(5)
    rig.turn()
    rig.land(*rig.flying)
    rig.turn()
    rig.land("b1", result=REFUSED)
    assert rig.lane(1)[-1] == "b1"
    assert rig.task.keys.held[b"b"].attempts == 1


def test_two_failures_of_one_key_in_an_outage_are_both_given_back() -> None:
    rig = Partner()
    rig.tell("a1", "b1", "c1")
    rig.turn()
    rig.land("a1", result=DOWN)
    rig.later(1)
    rig.turn()
    rig.land("a1", result=DOWN)
    assert rig.lane(2) == ["a1"]
    rig.land("b1", "c1", result=DOWN)
    assert (rig.state, rig.task.keys.held[b"a"].attempts) == ("down", 0)


@pytest.mark.parametrize("ladder", [PARK, BURY])
def test_a_last_attempt_that_an_outage_took_is_given_back_too(ladder: Any) -> None:
    rig = Partner(ladder=ladder)
    rig.tell("a1", "b1", "c1")
    rig.turn()
    for seconds in (1, 4):
        rig.land("a1", result=REFUSED)
        rig.later(seconds)
        rig.turn()
    rig.land("a1", result=DOWN)
    assert len(rig.dead) == 1
    rig.land("b1", "c1", result=DOWN)
    assert rig.state == "down"
    assert rig.task.keys.open == {}
    assert rig.task.keys.held[b"a"].attempts == 2


def test_what_the_partner_itself_refused_is_not_given_back() -> None:
    rig = Partner()
    rig.tell("a1", "b1", "c1", "d1")
    rig.turn()
    rig.land("a1", result=DOWN)
    rig.later(1)
    rig.turn()
    rig.land("a1", result=REFUSED)
    rig.land("b1", "c1", result=DOWN)
    assert rig.state == "down"
    assert (rig.task.keys.held[b"a"].lane, rig.task.keys.held[b"a"].attempts) == (2, 2)


def test_a_failure_before_the_last_success_is_not_given_back() -> None:
    rig = Partner()
    rig.tell("a1", "b1", "c1", "d1", "e1")
    rig.turn()
    rig.land("a1", "e1", result=DOWN)
    rig.courier.land(rig.courier.flying[0], [])
    rig.land("c1", "d1", result=DOWN)
    rig.tell("f1")
    rig.turn()
    rig.land("f1", result=DOWN)
    held = rig.task.keys.held
    assert (rig.state, held[b"a"].attempts, held[b"e"].attempts) == ("down", 1, 1)
    assert (held[b"c"].attempts, held[b"d"].attempts) == (0, 0)


def test_gone_pauses_the_partner_until_resume_and_spends_no_attempt() -> None:
    rig = Partner()
    rig.tell("a1", "b1")
    rig.turn()
    rig.land("a1", result=Gone("410: unsubscribed"))
    rig.land("b1")
    rig.later(3600)
    rig.turns()
    assert (rig.state, rig.flying, rig.lane(1)) == ("paused", [], [])
    rig.command("resume")
    rig.turns(2)
    assert rig.flying == ["a1"]


def test_a_pause_holds_back_everything_and_translation_goes_on() -> None:
    rig = Partner()
    rig.command("pause")
    rig.say(ONE, "a", "a1")
    rig.turns()
    assert (rig.flying, rig.reasons(own(ONE))) == ([], ["a1"])
    rig.command("resume")
    rig.turns(2)
    assert rig.flying == ["a1"]


def test_a_pause_survives_a_restart_and_a_resume_while_nobody_ran_does_too() -> None:
    rig = Partner()
    rig.command("pause")
    rig.turns()
    rig.start()
    assert rig.state == "paused"
    rig.start()
    rig.command("resume")
    rig.turns()
    rig.start()
    assert rig.state == "up"


def test_a_task_that_was_paused_elsewhere_is_resumed_in_its_own_table() -> None:
    rig = Partner(partitions=2)
    rig.command("pause")
    rig.turns()
    rig.start()
    rig.command("resume")
    rig.turn()
    rig.start()
    assert rig.state == "up"


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


def test_a_translation_that_fails_while_its_key_is_being_delivered_is_not_lost() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.tells["a9"] = [REFUSED]
    rig.say(ONE, "a", "a9")
    rig.turn()
    rig.land("a1")
    rig.later(1)
    rig.turns(2)
    assert rig.tries == ["a9", "a9"]
    assert rig.flying == ["a9"]


def test_a_delivery_that_fails_while_a_translation_of_its_key_waits_is_not_lost_either() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.tells["a9"] = [REFUSED]
    rig.say(ONE, "a", "a9")
    rig.turn()
    rig.land("a1", result=REFUSED)
    for _ in range(6):
        rig.later(1)
        rig.turns(2)
        if rig.flying:
            rig.land(*rig.flying)
    assert rig.tries == ["a9", "a9"]
    assert rig.sent.count("a1") == 2
    assert rig.sent[-1] == "a9"
    assert rig.task.keys.held == {}


def test_a_replayed_letter_and_a_delivery_of_its_key_in_flight_do_not_meet() -> None:
    rig = Partner(ladder=BURY)
    rig.tells["x"] = []
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=Poison("never"))
    rig.tell("a2")
    rig.turn()
    rig.command("replay", rig.dead[0])
    rig.tell("a3")
    rig.turns()
    assert rig.flying == ["a2"]
    rig.land("a2")
    rig.turn()
    delivered = []
    while rig.flying:
        delivered += rig.flying
        rig.land(*rig.flying)
        rig.turn()
    assert delivered == ["a1", "a3"]
    assert rig.task.keys.held == {}


def test_a_key_that_is_freed_is_delivered_at_once_though_another_hangs() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=Poison("never"))
    rig.tell("z1", "a2")
    rig.turn()
    rig.command("drop", rig.dead[0])
    rig.turns()
    assert rig.flying == ["z1", "a2"]


def test_a_retry_goes_ahead_though_another_key_hangs() -> None:
    rig = Partner()
    rig.tell("z1", "a1", "a2")
    rig.turn()
    rig.land("z1", result=REFUSED)
    rig.land("a1", result=REFUSED)
    rig.tell("y1", "a3")
    rig.later(1)
    rig.turn()
    rig.turn()
    assert sorted(rig.flying) == ["a1", "y1", "z1"]


def test_two_own_topics_of_one_key_are_delivered_one_at_a_time() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.tell("a2", topic=TWO)
    rig.turn()
    assert len(rig.flying) == 1
    rig.land(*rig.flying)
    assert len(rig.flying) == 1


def test_a_waiting_table_that_is_full_stops_the_partners_own_topic_but_not_its_lanes() -> None:
    rig = Partner(max_waiting_bytes=1)
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=REFUSED)
    rig.tell(*(f"a{n}" for n in range(2, 9)))
    rig.turns()
    assert sum(rig.task.keys.queue_lengths()) <= 1
    rig.later(1)
    for _ in range(30):
        rig.turn()
        if rig.flying:
            rig.land(*rig.flying)
    assert rig.sent == ["a1", *(f"a{n}" for n in range(1, 9))]
