"""Replay and drop, each once; strays come home; what is no command is a dead letter."""

from typing import Any

import pytest

from streams.contracts import names
from streams.contracts.partitioner import partition_of
from streams.domain.failure import Ladder, Poison
from tests.runtime.rig import Rig
from tests.runtime.rig_map import BURY, GROUP, ONE, PARK, TWO, facts, noted, stanza

BROKEN = RuntimeError("broken")


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
