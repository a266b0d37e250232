"""A partner that is down, gone or paused: its records wait in their order and spend no attempt."""

from datetime import timedelta
from typing import Any

import pytest

from streams.domain.failure import Gone, Unreachable
from tests.runtime.partner import Partner
from tests.runtime.rig_map import BURY, ONE, PARK, own

REFUSED = RuntimeError("400")
DOWN = Unreachable(reason="connection refused")


def outage(rig: Partner) -> None:
    """Three keys find nobody there."""
    rig.tell("a1", "b1", "c1")
    rig.turn()
    for reason in ("a1", "b1", "c1"):
        rig.land(reason, result=DOWN)


def test_three_keys_without_an_answer_open_the_breaker_and_their_failures_are_given_back() -> None:
    rig = Partner()
    outage(rig)
    assert rig.state == "down"
    assert rig.flying == []
    held = rig.task.keys.held
    assert {key: (value.is_running_on, value.attempts) for key, value in held.items()} == {
        b"a": (True, 0), b"b": (True, 0),
    }  # fmt: skip


def test_what_was_given_back_leaves_no_copy_behind_in_a_lane() -> None:
    rig = Partner()
    outage(rig)
    rig.turn()
    lane = rig.task.lanes[0]
    assert rig.lane(1) == ["a1", "b1"]
    assert (lane.committed, len(lane.buffer)) == (2, 0), "else they would count as a backlog until they were due"


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


def test_a_partner_that_says_when_to_come_again_is_not_probed_before() -> None:
    rig = Partner()
    rig.tell("a1", "b1", "c1")
    rig.turn()
    rig.land("a1", "b1", "c1", result=Unreachable(timedelta(seconds=60), "HTTP 503"))
    for _ in range(11):
        rig.later(5)
        rig.turn()
        assert rig.flying == [], "it asked for a minute"
    rig.later(5)
    rig.turn()
    assert len(rig.flying) == 1
