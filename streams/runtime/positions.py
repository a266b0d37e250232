"""Where a group stands and where it begins: committed offsets, first offsets, and the ends of partitions."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from streams.contracts import names as derived
from streams.contracts.names import Names
from streams.contracts.topology import Stanza
from streams.runtime import ends
from streams.runtime.parts import Clock, Stop
from streams.runtime.transaction import Crash
from streams.runtime.watchdog import SESSION_S

Place = tuple[str, int]  # topic as the cluster names it, partition
_PATIENCE_S = 60.0
_FIRST_S = 2 * SESSION_S  # who waits does not join the rebalance that a dead owner of the first task makes necessary
_SHORT_S = 1.0
T = TypeVar("T")


class Positions:
    """Asks the group's coordinator and the brokers; every wait is bounded and ends in Crash."""

    def __init__(self, consumer: Any, admin: Any, cluster: Names, stanza: Stanza, clock: Clock) -> None:
        self._consumer, self._admin, self._cluster, self._stanza = consumer, admin, cluster, stanza
        self._clock = clock

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """High watermarks, uncommitted records included."""
        return self._offsets(places, OffsetSpec.latest)

    def committed(self, places: Sequence[Place]) -> dict[Place, int | None]:
        """The group's offsets, None where it has none; waits while a dead owner's transaction is undecided."""
        wanted = [TopicPartition(*place) for place in places]

        def ask() -> dict[Place, int | None]:
            found = self._consumer.committed(wanted, timeout=_SHORT_S)
            if any(part.error for part in found):
                raise KafkaException(next(part.error for part in found if part.error))
            return {(part.topic, part.partition): part.offset if part.offset >= 0 else None for part in found}

        return self._patiently(ask, "the group's offsets")

    def begin(self, assigned: Sequence[Place], topics: Sequence[str]) -> dict[Place, int]:
        """The offsets to read from. Commits the group's first ones, all in one request, where it has none yet."""
        deadline = self._clock.monotonic() + _FIRST_S
        while True:
            found = self.committed(assigned)
            missing = [place for place, offset in found.items() if offset is None]
            if not missing:
                break
            if (topics[0], 0) in assigned:
                self._commit_first(topics)
            elif self._clock.monotonic() > deadline:
                raise Crash(f"{self._stanza.group}: nobody committed the first offsets")
            else:
                self._clock.sleep(0.05)
        offsets = {place: offset for place, offset in found.items() if offset is not None}
        self._refuse_out_of_range(offsets)
        return offsets

    def _commit_first(self, topics: Sequence[str]) -> None:
        every = [(topic, p) for topic in topics for p in range(self._stanza.partitions)]
        found = self.committed(every)
        if all(offset is None for offset in found.values()):
            self._refuse_forgotten(every)
            found = self.committed(every)
        known = {topic for (topic, _), offset in found.items() if offset is not None}
        late = {self._cluster.topic(source.topic) for source in self._stanza.sources if source.start == "now"} - known
        missing = [place for place, offset in found.items() if offset is None]
        first = self._offsets([place for place in missing if place[0] not in late], OffsetSpec.earliest)
        first |= self._offsets([place for place in missing if place[0] in late], OffsetSpec.latest)
        offsets = [TopicPartition(topic, p, offset) for (topic, p), offset in first.items()]
        self._patiently(lambda: self._consumer.commit(offsets=offsets, asynchronous=False), "to commit first offsets")

    def _refuse_forgotten(self, every: Sequence[Place]) -> None:
        """Without any offset but with records of its own, a group has lost its offsets: beginning anew would repeat.

        Whoever was replaced while it asked may find its successor's records: those have offsets by now.
        """
        group = self._stanza.group
        lanes = [derived.lane(group, n + 1) for n in range(len(self._stanza.ladder.delays))]
        own = [self._cluster.topic(topic) for topic in (derived.changelog(group), derived.dead(group), *lanes)]
        places = [(topic, p) for topic in own for p in range(self._stanza.partitions)]
        first, last = self._offsets(places, OffsetSpec.earliest), self.ends(places)
        held = sorted({topic for topic, p in places if last[topic, p] > first[topic, p]})
        if held and all(offset is None for offset in self.committed(every).values()):
            raise Stop(f"{group} has no offsets, but {', '.join(held)} hold records; see `cli.py doctor`")

    def _refuse_out_of_range(self, offsets: dict[Place, int]) -> None:
        first, last = self._offsets(offsets, OffsetSpec.earliest), self.ends(offsets)
        for (topic, p), offset in offsets.items():
            if not first[topic, p] <= offset <= last[topic, p]:
                raise Stop(
                    f"{self._stanza.group} stands at offset {offset} of {topic}-{p}, which holds "
                    f"{first[topic, p]} to {last[topic, p]}; see `cli.py doctor`"
                )

    def _offsets(self, places: Iterable[Place], spec: Callable[[], Any]) -> dict[Place, int]:
        wanted = {TopicPartition(*place): spec() for place in places}
        if not wanted:
            return {}

        def ask() -> dict[Place, int]:
            # READ_COMMITTED would answer the last stable offset, short of what a hanging transaction has written
            level = IsolationLevel.READ_UNCOMMITTED
            asked = self._admin.list_offsets(wanted, isolation_level=level, request_timeout=ends.PATIENCE_S)
            return {(part.topic, part.partition): ends.told(found, 10) for part, found in asked.items()}

        return self._patiently(ask, "the ends of partitions")

    def _patiently(self, ask: Callable[[], T], what: str) -> T:
        deadline = self._clock.monotonic() + _PATIENCE_S
        while True:
            try:
                return ask()
            except (KafkaException, TimeoutError) as error:
                if self._clock.monotonic() > deadline:
                    raise Crash(f"{self._stanza.group}: cannot get {what}: {error}") from error
                self._clock.sleep(0.05)
