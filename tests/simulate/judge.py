"""What must be true of a world at rest: the laws, and that every record has come to exactly one end."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from streams.contracts import names
from streams.contracts.partitioner import partition_of
from streams.contracts.topology import Stanza
from streams.ops.laws.history import Fact, History
from streams.ops.laws.judge import judge
from streams.ops.laws.reading import history_of, kept
from streams.runtime.reading import Stored
from streams.subscribers.analytics import STAGES
from tests.simulate.operator import Operator
from tests.simulate.tables import View, view

if TYPE_CHECKING:
    from tests.simulate.world import World

_MOST_TRIES = 150  # of a partner that is down; a probe a second, and what was on its way


def broken(world: "World", operator: Operator) -> list[str]:
    """Everything that is wrong; nothing in a good world."""
    taken = {group: partner.taken for group, partner in world.partners.items()}
    history = history_of(world.topology, world.codec, _stored(world), taken)
    laws = [f"law {verdict.number}: {text}" for verdict in judge(history) for text in verdict.violations]
    return [*world.found, *laws, *Judge(world, operator, history).found()]


def _stored(world: "World") -> Iterator[Stored]:
    for topic in kept(world.topology):
        for number, log in enumerate(world.cluster.topics.by_name[topic].logs):
            for s in log.read(log.start, log.stable_end):
                yield Stored(topic, number, s.offset, s.time_ms, s.key, s.value, s.headers or [])


class Judge:
    """The checks beyond the laws, which need the tables of every group."""

    def __init__(self, world: "World", operator: Operator, history: History) -> None:
        self._world, self._operator, self._history = world, operator, history
        partitions = range(world.plan.partitions)
        self._views = {group: [view(world.cluster, group, p) for p in partitions] for group in world.specs}
        self._made: dict[str, Counter[str]] = defaultdict(Counter)
        for fact in history.facts:
            if fact.source and fact.cause:
                self._made[fact.source][fact.cause] += 1

    def found(self) -> Iterator[str]:
        for stanza in self._world.topology.stanzas.values():
            yield from self._is_read(stanza)
            yield from self._stores(stanza)
            for partition, found in enumerate(self._views[stanza.group]):
                yield from _queues(f"{stanza.group}-{partition}", found)
            if stanza.kind in ("planner", "step") or stanza.group in ("matching", "notifications"):
                yield from self._once(stanza)
        yield from self._funnel()
        yield from self._leads()
        yield from self._outages()
        yield from self._misplaced()
        yield from self._world.lanes.early()

    def _is_read(self, stanza: Stanza) -> Iterator[str]:
        """Whatever stands in a topic of the group is behind its committed offset."""
        offsets = self._world.cluster.groups.of(stanza.group).offsets
        lanes = [names.lane(stanza.group, n + 1) for n in range(len(stanza.ladder.delays))]
        for topic in [*(source.topic for source in stanza.sources), *lanes, names.control(stanza.group)]:
            for number, log in enumerate(self._world.cluster.topics.by_name[topic].logs):
                at = offsets.of((topic, number)) or 0
                last = max((s.offset for s in log.read(log.start, log.stable_end)), default=-1)
                if at <= last or log.stable_end < log.end:
                    yield f"{stanza.group} stands at {at} of {topic}-{number}, whose last record is {last}"

    def _stores(self, stanza: Stanza) -> Iterator[str]:
        """Each live task's store holds what its changelog adds up to."""
        for seat in self._world.seats:
            if seat.group != stanza.group or seat.worker is None:
                continue
            for task in seat.worker.engine._membership.live:
                stored = dict(seat.store.scan(task.partition, b""))
                logged = self._views[stanza.group][task.partition].entries
                for key in sorted(k for k in stored.keys() | logged.keys() if stored.get(k) != logged.get(k)):
                    yield f"{seat.name}'s store differs from the changelog of {task.partition} in {key!r}"

    def ends(self, stanza: Stanza, fact: Fact[Any]) -> tuple[int, int]:
        """How often, at least and at most, the record was done: once, or not where it lies in dead letters."""
        mark = stanza.group, fact.place
        if fact.place not in self._dead(stanza.group):
            return 1, 1
        if mark in self._operator.dropped:
            return 0, 1 if mark in self._operator.replayed else 0
        is_open = str(fact_id(fact)) in self._open(stanza.group)
        return (0, 0) if is_open else (1, 1)

    def _dead(self, group: str) -> set[tuple[str, int, int]]:
        return self._history.dead([group])

    def _open(self, group: str) -> set[str]:
        return {id for found in self._views[group] for id in found.json("open")}

    def _once(self, stanza: Stanza) -> Iterator[str]:
        """An app with one output a record: as many outputs as records of that id that were not given up.

        With `dedupe` there is one at most, and it may be none where one of them was dropped.
        """
        least, most, facts, dropped = Counter[str](), Counter[str](), {}, set[str]()
        for source in stanza.sources:
            for fact in self._history.by_topic.get(source.topic, []):
                low, high = self.ends(stanza, fact)
                least[fact.id] += low
                most[fact.id] += high
                facts[fact.id] = fact
                if (stanza.group, fact.place) in self._operator.dropped:
                    dropped.add(fact.id)
        if stanza.dedupe is not None:
            least, most = (
                Counter({id: 1 for id in least if least[id] and id not in dropped}),
                Counter(dict.fromkeys(+most, 1)),
            )
        for id, fact in facts.items():
            made = self._made[stanza.group][id]
            if not least[id] <= made <= most[id]:
                yield f"{stanza.group} did {fact} {made} times, not {least[id]} to {most[id]}"

    def _funnel(self) -> Iterator[str]:
        """What analytics has counted is what the topics hold."""
        stanza = self._world.topology.stanzas["analytics"]
        least, most = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        stages = {source.topic: _stage(source.event.record) for source in stanza.sources}
        for topic, stage in stages.items():
            for fact in self._history.by_topic.get(topic, []):
                low, high = self.ends(stanza, fact)
                least[fact.key, stage] += low
                most[fact.key, stage] += high
        for found in self._views["analytics"]:
            for key, value in found.table("state").items():
                state: Any = self._world.codec.decode("analytics.changelog", value, self._world.clock.now())
                for stage in set(stages.values()):
                    place = key.decode(), stage
                    low, high, counted = least.pop(place, 0), most.pop(place, 0), getattr(state, stage)
                    if not low <= counted <= high:
                        yield f"analytics counted {counted} of {place}, not {low} to {high}"
        yield from (f"analytics never counted {place}" for place, low in least.items() if low)

    def _leads(self) -> Iterator[str]:
        """The saga's table says what it has published, and every timer but the last one is gone."""
        for found in self._views["leads"]:
            for key, value in found.table("state").items():
                lead: Any = self._world.codec.decode("leads.changelog", value, self._world.clock.now())
                case = self._history.cases.get(key.decode())
                said = type(case.ends[0].record).__name__ if case and case.ends else ""
                if said.removeprefix("Lead").lower() != ("" if lead.stage == "unknown" else lead.stage):
                    yield f"{key!r} is {lead.stage} in its table, and was {said or 'nothing'}"
            yield from (f"timer {t!r} never fired" for t in found.table("timer") if not t.endswith(b"\0forget"))

    def _misplaced(self) -> Iterator[str]:
        """What a group has written lies where its key belongs: there alone everybody sees it in order."""
        for fact in self._history.facts:
            count = self._world.plan.partitions
            if fact.source in self._world.specs and fact.partition != partition_of(fact.key.encode(), count):
                yield f"{fact.source} wrote {fact}, whose key {fact.key} does not belong there"

    def _outages(self) -> Iterator[str]:
        """Where one failure opens the breaker, an outage buries nothing."""
        for group, partner in self._world.partners.items():
            yield from partner.complaints
            if partner.tries_down > _MOST_TRIES:
                yield f"{group} was tried {partner.tries_down} times while it was down"
        for group, letter in self._operator.letters():
            channel = self._world.topology.stanzas[group].channel
            kind = dict(letter.headers or []).get("xd_error_type")
            if channel is not None and channel.opens_after == 1 and kind == b"Unreachable":
                yield f"{group} buried a record because its partner was down"


def fact_id(fact: Fact[Any]) -> str:
    return f"{fact.topic}-{fact.partition}-{fact.offset}"


def _stage(record: str) -> str:
    return next(stage for kind, stage in STAGES.items() if kind.__name__ == record)


def _queues(task: str, found: View) -> Iterator[str]:
    """At rest nothing waits, for no key is held; what is open has its letter."""
    for key, held in found.json("held").items():
        yield f"{task}: {key!r} is still held: {held}"
    yield from (f"{task}: a record of {entry!r} still waits" for entry in found.table("waiting"))
