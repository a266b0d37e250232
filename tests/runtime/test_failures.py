"""Every kind of failure ends with its record, and never with the app."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from streams.contracts import names
from streams.contracts.registry import RegistryUnavailable
from streams.domain.effects import Effect, SetTimer
from streams.domain.events import LeadOffered
from streams.domain.failure import Ladder, Poison, TryLater
from tests.runtime.rig import Rig
from tests.runtime.rig_map import BURY, DONE, GROUP, OFFERED, ONE, PARK, START, facts, noted, stanza

BROKEN = RuntimeError("broken")


def offered(rig: Rig, key: str, seconds: float) -> None:
    """An offer arrives that expires after that time."""
    until = rig.now + timedelta(seconds=seconds)
    rig.put(OFFERED, key, LeadOffered(lead_id=key, order_id="o", provider_id="p", wave=1, expires_at=until))


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


def test_an_error_that_is_raised_again_and_again_does_not_grow() -> None:
    rig, not_yet = Rig(stanza()), TryLater()
    for number in range(9):
        rig.tells[f"a{number}"] = [not_yet]
        rig.say(ONE, f"a{number}", f"a{number}")
    rig.turn()
    stacks = {facts(record).stack for record in rig.log[names.lane(GROUP, 1), 0]}
    assert len(stacks) == 1


def test_a_timer_whose_name_would_end_its_key_early_is_poison() -> None:
    asked = [SetTimer("a\0b", START)]
    rig = Rig(stanza(BURY), decide=lambda state, event, now: (None, asked))
    rig.say(ONE, "a", "a1")
    rig.turn()
    assert (facts(rig.dead[0]).error_type, len(rig.task.timers)) == ("Poison", 0)


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
