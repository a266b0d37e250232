"""A task's share of a turn, with the real work, settlement and commands over topics that are lists."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from streams.contracts import names
from streams.contracts.partitioner import partition_of
from streams.contracts.registry import RegistryUnavailable
from streams.domain.effects import Effect, Publish, SetTimer
from streams.domain.events import LeadOffered, OrderScreened
from streams.domain.failure import Ladder, Poison, TryLater
from tests.runtime.rig import START, Rig, facts
from tests.runtime.rig_map import BURY, DONE, GROUP, OFFERED, ONE, PARK, TWO, stanza

BROKEN = RuntimeError("broken")


def noted(reason: str) -> list[Effect]:
    return [Publish(OrderScreened(order_id="o", is_suspicious=False, reasons=[reason]), to=DONE)]


def offered(rig: Rig, key: str, seconds: float) -> None:
    """An offer arrives that expires after that time."""
    until = rig.now + timedelta(seconds=seconds)
    rig.put(OFFERED, key, LeadOffered(lead_id=key, order_id="o", provider_id="p", wave=1, expires_at=until))


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


def test_undecodable_bytes_go_to_the_dead_letters_raw_and_hold_nothing() -> None:
    rig = Rig(stanza(PARK))
    rig.append((ONE, 0), b"a", b"\x01 no avro", [("theirs", b"x")])
    rig.append((ONE, 0), b"a", None, [])
    rig.say(ONE, "a", "a2")
    rig.turn()
    assert rig.done == ["a2"]
    letter, tombstone = rig.dead
    assert (letter.key(), letter.value(), (letter.headers() or [])[0]) == (b"a", b"\x01 no avro", ("theirs", b"x"))
    assert (facts(letter).stage, facts(letter).offset, tombstone.value()) == ("decode", 0, None)


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


def test_a_replay_of_a_parked_letter_keeps_the_order_and_counts_on() -> None:
    rig = Rig(stanza(PARK))
    rig.tells["a1"] = [Poison("never"), BROKEN]
    rig.say(ONE, "a", "a1", "a2")
    rig.turns()
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert (rig.tries, rig.done, rig.lane(1)) == (["a1", "a1"], [], ["a1"])
    rig.later(1)
    rig.turns()
    assert rig.done == ["a1", "a2"]
    assert facts(rig.log[names.lane(GROUP, 1), 0][0]).attempts == 2


def test_a_replay_of_a_buried_letter_comes_behind_its_keys_queue() -> None:
    rig = Rig(stanza(BURY))
    rig.tells |= {"a1": [Poison("never")], "a2": [BROKEN]}
    rig.say(ONE, "a", "a1", "a2", "a3")
    rig.turns()
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert rig.done == []
    rig.later(1)
    rig.turns()
    assert rig.done == ["a2", "a3", "a1"]
    assert rig.task.keys.open == {}


@pytest.mark.parametrize("ladder", [PARK, BURY])
def test_a_dropped_letter_is_never_tried_again_and_its_key_goes_on(ladder: Ladder) -> None:
    rig = Rig(stanza(ladder))
    rig.tells["a1"] = [Poison("never")]
    rig.say(ONE, "a", "a1", "a2")
    rig.turns()
    rig.command("drop", rig.dead[0])
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert (rig.done, rig.tries.count("a1")) == (["a2"], 1)
    assert (rig.task.keys.held, rig.task.keys.open) == ({}, {})


@pytest.mark.parametrize("ladder", [PARK, BURY])
def test_a_repeated_command_acts_once_also_in_one_turn_and_after_the_letter_died_again(ladder: Ladder) -> None:
    rig = Rig(stanza(ladder))
    rig.tells["a1"] = [Poison("never"), Poison("never")]
    rig.say(ONE, "a", "a1")
    rig.turns()
    rig.command("replay", rig.dead[0])
    rig.command("replay", rig.dead[0])
    rig.turns()
    rig.command("replay", rig.dead[0])
    rig.command("drop", rig.dead[0])
    rig.turns()
    assert (rig.tries, len(rig.dead), facts(rig.dead[1]).attempts) == (["a1", "a1"], 2, 2)
    rig.command("replay", rig.dead[1])
    rig.turns()
    assert rig.done == ["a1"]


@pytest.mark.parametrize("headers", [[], [("xd_command", b"dance")], [("xd_command", b"replay")]])
def test_what_is_no_command_ends_in_the_dead_letters(headers: Any) -> None:
    rig = Rig(stanza())
    rig.append((names.control(GROUP), 0), b"a", b"?", headers)
    rig.say(ONE, "a", "a1")
    rig.turns()
    assert (len(rig.dead), facts(rig.dead[0]).topic, rig.done) == (1, names.control(GROUP), ["a1"])
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert len(rig.dead) == 2


def test_pause_is_no_command_to_an_app_that_delivers_nothing() -> None:
    rig = Rig(stanza())
    rig.command("pause")
    rig.turn()
    assert "pause" in facts(rig.dead[0]).error_message


def test_foreign_bytes_in_a_lane_end_in_the_dead_letters_and_the_lane_goes_on() -> None:
    rig = Rig(stanza())
    rig.append((names.lane(GROUP, 1), 0), b"a", b"?", [])
    rig.tells["a1"] = [BROKEN]
    rig.say(ONE, "a", "a1")
    rig.turns()
    rig.later(1)
    rig.turns()
    assert (len(rig.dead), rig.done) == (1, ["a1"])


@pytest.mark.parametrize("ladder", [PARK, BURY])
def test_no_attempt_is_scheduled_beyond_a_records_deadline(ladder: Ladder) -> None:
    rig = Rig(stanza(ladder))
    rig.tells["offer"] = [BROKEN, BROKEN]
    offered(rig, "lead-1", 3)
    rig.turns()
    rig.later(1)
    rig.turns()
    of = facts(rig.dead[0])
    assert (of.error_type, of.error_message, of.attempts) == ("Deadline", "deadline: broken", 2)
    assert rig.task.keys.held == {}


def test_the_sagas_own_inputs_have_no_deadline() -> None:
    rig = Rig(replace(stanza(BURY), kind="saga"))
    rig.tells["offer"] = [BROKEN]
    offered(rig, "lead-1", 0.5)
    rig.turn()
    assert (len(rig.dead), len(rig.log[names.lane(GROUP, 1), 0])) == (0, 1)


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_that_cannot_say_what_it_is_fails_its_record_and_not_the_app() -> None:
    rig = Rig(stanza())
    rig.tells["a1"] = [Speechless()]
    rig.say(ONE, "a", "a1")
    rig.say(ONE, "b", "b1")
    rig.turn()
    assert (rig.done, rig.lane(1)) == (["b1"], ["a1"])
    assert facts(rig.log[names.lane(GROUP, 1), 0][0]).error_message == "Speechless"


def test_a_timer_whose_name_would_end_its_key_early_is_poison() -> None:
    asked = [SetTimer("a\0b", START)]
    rig = Rig(stanza(BURY), decide=lambda state, event, now: (None, asked))
    rig.say(ONE, "a", "a1")
    rig.turn()
    assert (facts(rig.dead[0]).error_type, len(rig.task.timers)) == ("Poison", 0)


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


def test_a_registry_that_does_not_answer_is_nobodys_failure() -> None:
    rig = Rig(stanza())
    rig.tells["a2"] = [RegistryUnavailable("no answer")]
    rig.say(ONE, "a", "a1", "a2", "a3")
    rig.turn()
    assert (rig.done, rig.dead, rig.task.keys.held) == (["a1"], [], {})
    rig.turn()
    assert rig.done == ["a1", "a2", "a3"]


def test_a_record_that_the_handler_hung_on_is_settled_untried() -> None:
    rig = Rig(stanza())
    rig.handlers.hung = {f"{ONE}-0-0"}
    rig.say(ONE, "a", "a1", "a2")
    rig.say(ONE, "b", "b1")
    rig.turn()
    assert (rig.tries, rig.lane(1)) == (["b1"], ["a1"])
    assert facts(rig.log[names.lane(GROUP, 1), 0][0]).error_type == "HandlerTimeout"


def test_a_buried_record_gives_up_once_a_burial_and_under_an_id_of_its_own() -> None:
    rig = Rig(stanza(BURY))
    given_up = []

    def give_up(event: Any, reason: str) -> Iterable[Effect]:
        given_up.append(reason)
        return noted(f"gave up {event.reason}")

    rig.spec = replace(rig.spec, give_up=give_up)
    rig.start()
    rig.tells["a1"] = [Poison("never")]
    rig.say(ONE, "a", "a1", "a2")
    rig.turns()
    assert (given_up, rig.done) == (["never"], ["gave up a1", "a2"])
    rig.command("replay", rig.dead[0])
    rig.turns()
    ids = [dict(record.headers() or [])["ce_id"] for record in rig.log[DONE, 0]]
    assert (rig.done[2:], len(set(ids))) == (["a1"], 3)


def test_a_give_up_that_fails_itself_does_not_stop_the_app() -> None:
    rig = Rig(stanza(BURY))

    def give_up(event: Any, reason: str) -> Iterable[Effect]:
        raise ValueError(f"cannot give up {event}: {reason}")

    rig.spec = replace(rig.spec, give_up=give_up)
    rig.start()
    rig.tells["a1"] = [Poison("never")]
    rig.say(ONE, "a", "a1", "a2")
    rig.turns()
    assert (len(rig.dead), rig.done) == (1, ["a2"])


def test_a_registry_that_fails_while_a_queued_record_is_given_up_loses_nothing() -> None:
    rig = Rig(stanza(BURY))
    answers = [RegistryUnavailable("no answer")]

    def give_up(event: Any, reason: str) -> Iterable[Effect]:
        if answers:
            raise answers.pop()
        return noted("gave up")

    rig.spec = replace(rig.spec, give_up=give_up)
    rig.start()
    rig.tells["a1"] = [BROKEN, Poison("never"), Poison("never")]
    rig.say(ONE, "a", "a1")
    rig.turn()
    rig.later(1)
    rig.turns()
    assert (len(rig.dead), rig.done) == (1, ["gave up"])
    assert rig.task.keys.held == {}


def stray(rig: Rig) -> str:
    """A key that murmur2 puts in partition 1."""
    return next(key for key in "abcdef" if partition_of(key.encode(), len(rig.tasks)) == 1)


def test_a_stray_is_buried_and_its_replay_is_handled_on_its_keys_own_partition() -> None:
    rig = Rig(stanza(PARK, partitions=2), decide=lambda state, event, now: (None, noted(event.reason)))
    key = stray(rig)
    rig.say(ONE, key, "astray", partition=0)
    rig.say(ONE, key, "at home", partition=1)
    rig.turns()
    assert (rig.done, facts(rig.dead[0]).error_type, rig.task.keys.held) == (["at home"], "Stray", {})
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert rig.done == ["at home", "astray"]
    assert len(rig.dead) == 1


def test_a_record_whose_key_is_not_its_key_field_is_a_stray_wherever_it_is() -> None:
    rig = Rig(stanza(partitions=1), decide=lambda state, event, now: (None, []))
    rig.put(ONE, "b", rig.codec.decode(ONE, _value(rig), rig.now))
    rig.turn()
    assert facts(rig.dead[0]).error_message.startswith("wrong_key")


def _value(rig: Rig) -> bytes:
    rig.say(TWO, "a", "a1")
    return rig.log[TWO, 0][0].value() or b""


def test_a_command_from_another_partition_reaches_the_task_of_its_letter_only() -> None:
    rig = Rig(stanza(PARK, partitions=2))
    rig.tells |= {"a1": [Poison("never")], "b1": [Poison("never")]}
    rig.say(ONE, "a", "a1", partition=0)
    rig.say(ONE, "b", "b1", partition=1)
    rig.turns()
    letter = next(letter for letter in rig.dead if letter.partition() == 1)
    rig.command("replay", letter)
    rig.turns()
    assert rig.done == ["b1"]
