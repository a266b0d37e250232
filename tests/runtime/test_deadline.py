"""`deadline`: what is too old does not reach the partner, ends in the dead letters, and holds nobody up."""

from datetime import timedelta
from typing import Any

import pytest

from streams.domain.failure import Poison, Unreachable
from tests.runtime.partner import Partner
from tests.runtime.rig_map import BURY, ONE, PARK, facts, own

HOUR = timedelta(hours=1)
DOWN = Unreachable(reason="connection refused")


def partner(**more: Any) -> Partner:
    return Partner(deadline=HOUR, **more)


def reasons(rig: Partner) -> list[tuple[str, str]]:
    return [(rig.reason(letter), facts(letter).error_message.partition(":")[0]) for letter in rig.dead]


@pytest.mark.parametrize("ladder", [PARK, BURY])
def test_what_waited_too_long_is_dead_and_what_came_in_time_goes(ladder: Any) -> None:
    rig = partner(ladder=ladder)
    rig.command("pause")
    rig.turn()
    rig.tell("a1", "a2", "b1")
    rig.later(3000)
    rig.tell("a3")
    rig.turns(2)
    assert (rig.dead, rig.sent) == ([], [])
    rig.later(601)
    counted = sum(rig.turn().counts["overdue"] for _ in range(3))
    assert counted == 3
    assert reasons(rig) == [("a1", "deadline"), ("a2", "deadline"), ("b1", "deadline")]
    assert (rig.committed(), rig.task.keys.held, rig.state) == (3, {}, "paused")
    assert facts(rig.dead[0]).error_type == "Deadline"
    rig.command("resume")
    rig.turns(2)
    assert rig.sent == ["a3"]


def test_a_record_never_stands_in_a_lane_beyond_its_deadline() -> None:
    rig = partner()
    rig.tell("a1")
    rig.turn()
    rig.later(3599.5)
    rig.land("a1", result=RuntimeError("400"))
    rig.turns()
    assert (rig.task.keys.held, rig.lane(1)) == ({}, [])
    assert reasons(rig) == [("a1", "deadline")]


def test_what_waited_behind_a_parked_one_is_dead_when_its_turn_comes_too_late() -> None:
    rig = partner()
    rig.tell("a1", "a2")
    rig.turn()
    rig.land("a1", result=Poison("never"))
    rig.turns()
    rig.later(3601)
    rig.tell("a3")
    rig.command("drop", rig.dead[0])
    rig.turns()
    assert reasons(rig)[1:] == [("a2", "deadline")]
    assert rig.sent == ["a1", "a3"]


def test_a_partner_who_was_down_is_told_only_what_still_matters() -> None:
    rig = partner()
    rig.tell("a1", "b1", "c1")
    rig.turn()
    rig.land("a1", "b1", "c1", result=DOWN)
    assert rig.state == "down"
    rig.later(3500)
    rig.tell("a2")
    rig.later(101)
    rig.turns(3)
    assert {reason for reason, _ in reasons(rig)} == {"a1", "b1", "c1"}
    assert rig.flying == ["a2"]


def test_the_age_is_that_of_the_event_and_not_of_its_translation() -> None:
    rig = partner()
    rig.say(ONE, "a", "a1")
    rig.later(3601)
    rig.turns(3)
    assert (reasons(rig), rig.sent) == ([("a1", "deadline")], [])
    assert facts(rig.dead[0]).topic == own(ONE)


def test_a_replay_of_what_is_overdue_is_dead_again() -> None:
    rig = partner()
    rig.tell("a1")
    rig.later(3601)
    rig.turns(2)
    rig.command("replay", rig.dead[0])
    rig.turns(3)
    assert (len(rig.dead), rig.sent, rig.task.keys.held) == (2, [], {})
