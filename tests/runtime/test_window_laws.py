"""Laws of deliveries under any history: outages, refusals, commands, aborted turns and workers that die."""

from collections import Counter, defaultdict
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.domain.failure import Gone, Poison, Unreachable
from streams.runtime.lines import Item
from streams.runtime.record import Record, from_waiting, id_of
from streams.runtime.tables import WAITING
from tests.runtime.partner import Partner
from tests.runtime.rig_map import BURY, CHANNEL, ONE, PARK, TWO, facts, own

RESULTS: dict[str, Any] = {
    "well": [], "400": RuntimeError("400"), "never": Poison("never"),
    "down": Unreachable(reason="connection refused"), "410": Gone("410"),
}  # fmt: skip
keys, topics, numbers = st.sampled_from("abcd"), st.sampled_from([ONE, TWO]), st.integers(0, 9)


class Deliveries(RuleBasedStateMachine):
    rig: Partner

    @initialize(ladder=st.sampled_from([PARK, BURY]))
    def begin(self, ladder: Any) -> None:
        self.rig = Partner(ladder=ladder)
        self.delivered: list[str] = []
        self.dropped: set[str] = set()
        self.out_of_turn: set[str] = set()

    @rule(key=keys, topic=topics)
    def tell(self, key: str, topic: str) -> None:
        self.rig.say(own(topic), key, f"{key}{len(self.rig.log[own(topic), 0])}")

    @rule(key=keys, fails=st.booleans())
    def translate(self, key: str, fails: bool) -> None:
        reason = f"{key}s{len(self.rig.log[ONE, 0])}"
        self.rig.tells[reason] = [RuntimeError("no mapping")] if fails else []
        self.rig.say(ONE, key, reason)

    @rule(aborts=st.sampled_from([False, False, False, True]))
    def turn(self, aborts: bool) -> None:
        """What is over, as the committed tables and offsets say, is never sent again."""
        sent, over = len(self.rig.courier.sent), self.over()
        self.rig.turn(aborts=aborts)
        assert over.isdisjoint(id_of(item.tried.record) for item in self.rig.courier.sent[sent:])

    @rule(number=numbers, result=st.sampled_from(sorted(RESULTS)))
    def land(self, number: int, result: str) -> None:
        if self.rig.courier.flying:
            self.ends(self.rig.courier.flying[number % len(self.rig.courier.flying)], RESULTS[result])

    @rule(seconds=st.sampled_from([1, 4, 5]))
    def pass_time(self, seconds: int) -> None:
        self.rig.later(seconds)

    @rule(verb=st.sampled_from(["replay", "replay", "drop"]), number=numbers)
    def command(self, verb: str, number: int) -> None:
        if self.rig.dead:
            letter = self.rig.dead[number % len(self.rig.dead)]
            self.rig.command(verb, letter)
            if verb == "replay":
                self.out_of_turn.add(source_id(letter))
            elif source_id(letter) in self.rig.task.keys.open:
                self.dropped.add(source_id(letter))

    @rule(verb=st.sampled_from(["pause", "resume", "resume"]))
    def tell_worker(self, verb: str) -> None:
        self.rig.command(verb)

    @rule()
    def die(self) -> None:
        self.rig.courier.recall(self.rig.courier.flying)
        self.rig.start()

    @invariant()
    def one_delivery_of_a_key_is_on_its_way_at_a_time(self) -> None:
        flying = Counter(item.tried.key for item in self.rig.courier.flying)
        assert all(count == 1 for count in flying.values())
        assert len(self.rig.courier.flying) <= CHANNEL.concurrency

    def ends(self, item: Item, result: Any) -> None:
        if isinstance(result, list):
            self.delivered.append(id_of(item.tried.record))
        self.rig.courier.land(item, result)

    def over(self) -> set[str]:
        keys, store, streams = self.rig.task.keys, self.rig.store, self.rig.task.own
        kept = {*keys.open, *(held.id for held in keys.held.values())}
        kept |= {id_of(from_waiting(entry)) for _, entry in store.scan(0, WAITING)}
        return {f"{s.topic}-0-{offset}" for s in streams for offset in range(s.committed)} - kept

    def teardown(self) -> None:
        """When all is well again, everything that was not dropped is delivered, each key of a topic in its order."""
        if not hasattr(self, "rig"):
            return
        self.rig.command("resume")
        for _ in range(300):
            self.turn(aborts=False)
            for item in list(self.rig.courier.flying):
                self.ends(item, [])
            letters = {source_id(letter): letter for letter in self.rig.dead}
            for id in self.rig.task.keys.open:
                self.rig.command("replay", letters[id])
                self.out_of_turn.add(id)
            self.rig.later(1)
        assert self.rig.task.keys.held == {}
        assert list(self.rig.store.scan(0, WAITING)) == []
        for stream in self.rig.task.streams.values():
            assert stream.committed == len(self.rig.log[stream.topic, 0])
        assert Counter(self.rig.reasons(own(ONE))) >= Counter(self.rig.reasons(ONE))
        self.everything_is_delivered(own(ONE))
        self.everything_is_delivered(own(TWO))

    def everything_is_delivered(self, topic: str) -> None:
        logs: dict[bytes | None, list[str]] = defaultdict(list)
        for record in self.rig.log[topic, 0]:
            logs[record.key()].append(id_of(record))
        for log in logs.values():
            assert set(log) <= {*self.delivered, *self.dropped}
            in_turn = [id for id in dict.fromkeys(self.delivered) if id in log and id not in self.out_of_turn]
            assert in_turn == sorted(in_turn, key=log.index)


def source_id(letter: Record) -> str:
    of = facts(letter)
    return f"{of.topic}-{of.partition}-{of.offset}"


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=150, stateful_step_count=50)
