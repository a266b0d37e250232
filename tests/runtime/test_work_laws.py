"""Laws of a subscriber's task under any history: failures, commands, aborted turns, short turns and deaths."""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.domain.failure import Poison, TryLater
from streams.runtime.record import Record, from_waiting, id_of
from streams.runtime.tables import WAITING
from tests.runtime.rig import Rig
from tests.runtime.rig_map import BURY, DELAYS, ONE, PARK, TWO, facts, stanza

ERRORS: dict[str, Exception] = {"fails": RuntimeError("broken"), "later": TryLater(DELAYS[1]), "never": Poison("never")}
keys, topics, numbers = st.sampled_from("abc"), st.sampled_from([ONE, TWO]), st.integers(0, 9)
failures = st.lists(st.sampled_from(sorted(ERRORS)), max_size=4)


class Subscriber(RuleBasedStateMachine):
    """`log` is what was said of each key, in order; the handler fails as drawn, then succeeds."""

    rig: Rig

    @initialize(ladder=st.sampled_from([PARK, BURY]))
    def begin(self, ladder: Any) -> None:
        self.rig = Rig(stanza(ladder))
        self.log: dict[str, list[str]] = {}
        self.dropped: set[str] = set()
        self.replayed: set[str] = set()

    @rule(topic=topics, key=keys, failures=failures)
    def say(self, topic: str, key: str, failures: list[str]) -> None:
        reason = f"{key}{sum(map(len, self.log.values()))}"
        self.log.setdefault(key, []).append(reason)
        self.rig.tells[reason] = [ERRORS[failure] for failure in failures]
        self.rig.say(topic, key, reason)
        self.rig.later(0.001)

    @rule(aborts=st.sampled_from([False, False, False, True]), patience=st.none() | st.integers(0, 8))
    def turn(self, aborts: bool, patience: int | None) -> None:
        """A turn that is undone has tried for nothing: what the handler said then, it says again."""
        told = {reason: list(errors) for reason, errors in self.rig.tells.items()}
        self.rig.patience = patience
        self.rig.turn(aborts=aborts)
        if aborts:
            self.rig.tells |= told

    @rule(seconds=st.sampled_from([0.5, 1, 4]))
    def pass_time(self, seconds: float) -> None:
        self.rig.later(seconds)

    @rule(verb=st.sampled_from(["replay", "drop"]), number=numbers, times=st.integers(1, 2))
    def command(self, verb: str, number: int, times: int) -> None:
        if self.rig.dead:
            letter = self.rig.dead[number % len(self.rig.dead)]
            for _ in range(times):
                self.rig.command(verb, letter)
            (self.replayed if verb == "replay" else self.dropped).add(self.rig.reason(letter))

    @rule()
    def die(self) -> None:
        self.rig.start()

    @invariant()
    def what_is_done_is_done_once_and_in_the_order_of_its_keys_log(self) -> None:
        assert all(count == 1 for count in Counter(self.rig.done).values())
        out_of_turn = self.replayed if self.rig.spec.stanza.ladder is BURY else set()
        for log in self.log.values():
            in_turn = [reason for reason in self.rig.done if reason in log and reason not in out_of_turn]
            assert in_turn == sorted(in_turn, key=log.index)

    @invariant()
    def nothing_that_is_committed_is_lost(self) -> None:
        keys, store = self.rig.task.keys, self.rig.store
        kept = {*keys.open, *(held.id for held in keys.held.values())}
        kept |= {id_of(from_waiting(entry)) for _, entry in store.scan(0, WAITING)}
        done = {*self.rig.done, *self.dropped}
        for stream in self.rig.task.sources:
            for record in self.rig.log[stream.topic, 0][: stream.committed]:
                assert id_of(record) in kept or self.rig.reason(record) in done

    def teardown(self) -> None:
        """When all is well again, everything that was not dropped is done."""
        if not hasattr(self, "rig"):
            return
        self.rig.tells.clear()
        self.rig.patience = None
        for _ in range(12):
            self.rig.turn()
            letters = {source_id(letter): letter for letter in self.rig.dead}
            for id in self.rig.task.keys.open:
                self.rig.command("replay", letters[id])
                self.replayed.add(self.rig.reason(letters[id]))
            self.rig.later(4)
        self.what_is_done_is_done_once_and_in_the_order_of_its_keys_log()
        assert {reason for log in self.log.values() for reason in log} <= {*self.rig.done, *self.dropped}
        assert self.rig.task.keys.held == {}
        assert list(self.rig.store.scan(0, WAITING)) == []


def source_id(letter: Record) -> str:
    of = facts(letter)
    return f"{of.topic}-{of.partition}-{of.offset}"


TestSubscriber = Subscriber.TestCase
TestSubscriber.settings = settings(max_examples=150, stateful_step_count=40)
