"""A task's share of a turn, with the real work and settlement over topics that are lists."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.contracts import names
from streams.domain.failure import Ladder, Poison, TryLater
from tests.runtime.rig import Rig
from tests.runtime.rig_map import BURY, GROUP, ONE, PARK, TWO, facts, stanza

BROKEN = RuntimeError("broken")


def test_a_key_without_failures_flows_in_the_order_of_the_log_and_holds_nothing() -> None:
    rig = Rig(stanza())
    rig.say(ONE, "a", "a1", "a2")
    rig.turn()
    assert rig.done == ["a1", "a2"]
    assert rig.task.keys.held == {}


def test_a_failure_makes_its_key_wait_until_it_is_due_and_no_other() -> None:
    rig = Rig(stanza())
    rig.tells["a1"] = [BROKEN]
    rig.say(ONE, "a", "a1", "a2")
    rig.say(ONE, "b", "b1")
    rig.turn()
    assert (rig.done, rig.lane(1)) == (["b1"], ["a1"])
    rig.later(0.999)
    rig.turns()
    assert rig.done == ["b1"]
    rig.later(0.001)
    rig.turns()
    assert rig.done == ["b1", "a1", "a2"]
    assert rig.task.keys.held == {}


def test_records_earlier_in_the_same_turn_count() -> None:
    rig = Rig(stanza())
    rig.tells |= {"a1": [BROKEN], "a2": [BROKEN]}
    rig.say(ONE, "a", "a1", "a2", "a3")
    rig.turn()
    assert (rig.tries, rig.lane(1)) == (["a1"], ["a1"])


def test_the_first_of_a_queue_that_fails_enters_the_first_lane_and_the_rest_waits_on() -> None:
    rig = Rig(stanza())
    rig.tells |= {"a1": [BROKEN, BROKEN], "a2": [BROKEN]}
    rig.say(ONE, "a", "a1", "a2", "a3")
    for seconds in (0, 1, 4):
        rig.later(seconds)
        rig.turns(2)
    assert (rig.done, rig.lane(1), rig.lane(2)) == (["a1"], ["a1", "a2"], ["a1"])
    rig.later(1)
    rig.turns(2)
    assert rig.done == ["a1", "a2", "a3"]


def test_a_key_waits_whatever_the_topic_of_its_later_records() -> None:
    rig = Rig(stanza())
    rig.tells["a1"] = [BROKEN]
    rig.say(ONE, "a", "a1")
    rig.turn()
    rig.say(TWO, "a", "t2")
    rig.turn()
    rig.later(1)
    rig.turn()
    assert rig.done == ["a1", "t2"]


def test_sources_are_read_in_the_order_in_which_their_records_were_appended() -> None:
    rig = Rig(stanza())
    for topic, reason in ((TWO, "t1"), (ONE, "a2"), (TWO, "t3"), (ONE, "a4")):
        rig.say(topic, "a", reason)
        rig.later(0.001)
    rig.turn()
    assert rig.done == ["t1", "a2", "t3", "a4"]


def test_a_record_without_a_key_and_order_none_hold_nobody_up() -> None:
    for app, key in ((stanza(), None), (stanza(order="none"), "a")):
        rig = Rig(app)
        rig.tells["a1"] = [BROKEN]
        rig.say(ONE, key, "a1", "a2")
        rig.turn()
        assert rig.done == ["a2"]
        rig.later(1)
        rig.turns()
        assert rig.done == ["a2", "a1"]
        assert rig.task.keys.held == {}


def test_later_goes_to_the_lane_that_is_long_enough() -> None:
    rig = Rig(stanza())
    rig.tells["a1"] = [TryLater(timedelta(seconds=2))]
    rig.say(ONE, "a", "a1")
    rig.turn()
    assert (rig.lane(1), rig.lane(2)) == ([], ["a1"])


def test_a_letter_has_the_untouched_record_and_the_facts_of_all_its_failures() -> None:
    rig = Rig(stanza(PARK))
    rig.tells["a1"] = [ValueError("first"), ValueError("second"), ValueError("third")]
    rig.say(ONE, "a", "a1")
    for seconds in (0, 1, 4):
        rig.later(seconds)
        rig.turns(2)
    (source,), (letter,) = rig.log[ONE, 0], rig.dead
    of, start_ms = facts(letter), source.timestamp()[1]
    assert (letter.key(), letter.value()) == (source.key(), source.value())
    assert (of.stage, of.topic, of.partition, of.offset, of.timestamp_ms) == ("handle", ONE, 0, 0, start_ms)
    assert (of.attempts, of.first_failed_at_ms, of.last_failed_at_ms) == (3, start_ms, start_ms + 5_000)
    assert (of.error_type, of.error_message) == ("ValueError", "third")


@pytest.mark.parametrize("ladder", [PARK, BURY])
def test_parking_holds_the_key_and_burying_does_not(ladder: Ladder) -> None:
    rig = Rig(stanza(ladder))
    rig.tells["a1"] = [Poison("never")]
    rig.say(ONE, "a", "a1", "a2")
    rig.turns()
    assert rig.done == ([] if ladder is PARK else ["a2"])


def test_an_abort_undoes_a_turn_whole_and_nothing_is_lost() -> None:
    rig = Rig(stanza())
    rig.tells["a1"] = [BROKEN, BROKEN]
    rig.say(ONE, "a", "a1", "a2")
    rig.turn(aborts=True)
    assert (rig.log[names.lane(GROUP, 1), 0], rig.task.keys.held) == ([], {})
    rig.turn()
    assert rig.lane(1) == ["a1"]
    rig.later(1)
    rig.turn(aborts=True)
    rig.turn()
    assert rig.done == ["a1", "a2"]
    assert rig.task.keys.held == {}


def test_a_restart_knows_what_every_key_waits_for() -> None:
    rig = Rig(stanza())
    rig.tells |= {"a1": [BROKEN], "b1": [Poison("never")]}
    rig.say(ONE, "a", "a1", "a2")
    rig.say(ONE, "b", "b1", "b2")
    rig.turn()
    rig.start()
    rig.say(ONE, "a", "a3")
    rig.later(1)
    rig.turns()
    assert rig.done == ["a1", "a2", "a3"]
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert rig.done[3:] == ["b1", "b2"]


def test_a_record_in_a_lane_is_tried_again_though_the_app_gave_up_its_order_meanwhile() -> None:
    rig = Rig(stanza())
    rig.tells["a1"] = [BROKEN]
    rig.say(ONE, "a", "a1", "a2")
    rig.turn()
    rig.spec = replace(rig.spec, stanza=replace(rig.spec.stanza, order="none"))
    rig.start()
    rig.later(1)
    rig.turns()
    assert rig.done == ["a1", "a2"]
    assert rig.task.keys.held == {}


def test_too_much_waiting_stops_the_sources_but_not_the_lanes() -> None:
    rig = Rig(stanza(max_waiting_bytes=1))
    rig.tells["a1"] = [BROKEN]
    rig.say(ONE, "a", "a1", "a2")
    rig.turn()
    rig.say(ONE, "b", "b1")
    rig.turns()
    assert rig.done == []
    rig.later(1)
    rig.turns()
    assert rig.done == ["a1", "a2", "b1"]


def test_a_turn_that_has_taken_its_time_tries_nothing_more_and_loses_nothing() -> None:
    rig = Rig(stanza())
    rig.say(ONE, "a", "a1")
    rig.patience = 0
    rig.turn()
    assert rig.tries == []
    rig.patience = None
    rig.turn()
    assert rig.done == ["a1"]
