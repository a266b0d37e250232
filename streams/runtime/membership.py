"""This worker's share of its group: which tasks it has, restored before they work, dropped when they are revoked."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count, takewhile
from typing import Any

from confluent_kafka import KafkaException, TopicCollection, TopicPartition

from streams.contracts import names as derived
from streams.contracts.topology import Stanza
from streams.runtime.parts import Parts, Stop
from streams.runtime.positions import Place, Positions
from streams.runtime.restore import Restore
from streams.runtime.tables import States, Tables
from streams.runtime.task import Role, Stream, Task
from streams.runtime.transaction import Crash

_DELETES_KEPT_MS = 23 * 3_600_000  # an hour less than the changelog keeps its tombstones (delete.retention.ms)


class Membership:
    """Rebalance callbacks run only inside poll, that is never with a transaction open."""

    def __init__(self, parts: Parts, stanza: Stanza) -> None:
        self._parts, self._stanza, self._lanes = parts, stanza, 0
        self._positions = Positions(parts.consumer, parts.admin, parts.names, stanza, parts.clock)
        self._changelog = parts.names.topic(derived.changelog(stanza.group))
        self._restore = Restore(parts.store, self._changelog, parts.reader)
        self.tasks: dict[int, Task] = {}
        self.has_joined = False
        self.on_live: Callable[[Task], None] = lambda task: None
        self.on_lost: Callable[[Task], None] = lambda task: None

    @property
    def live(self) -> list[Task]:
        return [task for task in self.tasks.values() if task.is_live]

    @property
    def remaining(self) -> Mapping[int, int]:
        return self._restore.remaining

    def join(self) -> None:
        """Raises Stop where a topic of this app is not there yet."""
        there = self._parts.consumer.list_topics(timeout=30).topics
        lanes = (self._parts.names.topic(derived.lane(self._stanza.group, n)) in there for n in count(1))
        self._lanes = max(sum(1 for _ in takewhile(bool, lanes)), len(self._stanza.ladder.delays))
        wanted = self._topics()
        if missing := sorted(wanted.keys() - there.keys()):
            raise Stop(f"{self._stanza.group} needs {', '.join(missing)}; run `cli.py topics apply`")
        self._parts.consumer.subscribe(
            list(wanted), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def restore(self, now: datetime) -> None:
        """One step of reading changelogs; short while other tasks have work to do."""
        if self._restore.remaining:
            seconds = 0.01 if self.live else 0.2
            self._enliven(self._restore.step(seconds, _ms(now)))

    def rewind(self, task: Task) -> None:
        """After an abort: forget what was done and read again from what is committed."""
        task.load()
        for stream in task.streams.values():
            place = TopicPartition(self._parts.names.topic(stream.topic), stream.partition, stream.committed)
            if stream.is_paused:
                self._parts.consumer.resume([place])
            stream.reset(stream.committed)
            self._seek(place)
        self.on_live(task)

    def _seek(self, place: TopicPartition) -> None:
        """A partition that is no longer ours needs none: the next poll takes the task away."""
        try:
            self._parts.consumer.seek(place)
        except KafkaException as error:
            if any((p.topic, p.partition) == (place.topic, place.partition) for p in self._parts.consumer.assignment()):
                raise Crash(f"cannot go back to the committed offset: {error}") from error

    def leave(self) -> None:
        self._drop_all()
        self._restore.close()

    def _topics(self) -> dict[str, tuple[str, Role, int]]:
        """By the cluster's name: logical name, role and lane of every topic that this app reads."""
        group, cluster = self._stanza.group, self._parts.names
        read = [(source.topic, Role.OWN if source.is_own else Role.SOURCE, 0) for source in self._stanza.sources]
        read += [(derived.lane(group, n + 1), Role.LANE, n + 1) for n in range(self._lanes)]
        read += [(derived.control(group), Role.CONTROL, 0)]
        return {cluster.topic(topic): (topic, role, lane) for topic, role, lane in read}

    def _assigned(self, consumer: Any, parts: list[TopicPartition]) -> None:
        self._drop_all()
        self.has_joined = True
        known = self._topics()
        places = [(part.topic, part.partition) for part in parts]
        offsets = self._positions.begin(places, list(known)) if places else {}
        self.tasks = {task.partition: task for task in self._whole_tasks(offsets, known)}
        self._begin_restore()
        consumer.assign([TopicPartition(topic, p, offset) for (topic, p), offset in offsets.items()])
        waiting = [TopicPartition(topic, p) for topic, p in offsets if p in self._restore.remaining]
        if waiting:
            consumer.pause(waiting)

    def _whole_tasks(self, offsets: dict[Place, int], known: dict[str, tuple[str, Role, int]]) -> list[Task]:
        """A task needs its partition of every topic; with the range assignor and equal counts it always has."""
        tasks = []
        for p in sorted({p for _, p in offsets}):
            if all((topic, p) in offsets for topic in known):
                streams = []
                for topic, (logical, role, lane) in known.items():
                    stream = Stream(logical, p, role, lane)
                    stream.reset(offsets[topic, p])
                    streams.append(stream)
                tasks.append(Task(p, streams, self._tables(p), self._stanza.dedupe))
        return tasks

    def _tables(self, partition: int) -> Tables:
        codec, topic, now = self._parts.codec, derived.changelog(self._stanza.group), self._parts.clock.now
        largest = max(source.event.max_bytes for source in self._stanza.sources)
        return Tables(
            self._parts.store, partition,
            States(lambda state: codec.encode(topic, state), lambda value: codec.decode(topic, value, now()), largest),
        )

    def _begin_restore(self) -> None:
        """Only now are the changelogs' ends asked for: after `committed` has waited for every former owner's commit."""
        ends = self._positions.ends([(self._changelog, p) for p in self.tasks])
        topic_id = str(self._topic_id()) if self.tasks else ""
        now_ms = _ms(self._parts.clock.now())
        for p, task in self.tasks.items():
            known = self._parts.store.position(p)
            is_good = known is not None and known.next <= ends[self._changelog, p] and known.topic_id == topic_id
            if known is None or not is_good or now_ms - known.at_ms > _DELETES_KEPT_MS:
                self._parts.store.wipe(p)
                known = None
            task.changelog_next, task.changelog_id = known.next if known else 0, topic_id
        self._enliven(self._restore.begin({task: ends[self._changelog, p] for p, task in self.tasks.items()}))

    def _topic_id(self) -> object:
        found = self._parts.admin.describe_topics(TopicCollection([self._changelog]))
        return found[self._changelog].result(10).topic_id

    def _enliven(self, tasks: list[Task]) -> None:
        for task in tasks:
            task.load()
            task.is_live = True
            self.on_live(task)
            place = [TopicPartition(self._parts.names.topic(s.topic), s.partition) for s in task.streams.values()]
            if self._parts.consumer.assignment():
                self._parts.consumer.resume(place)

    def _revoked(self, consumer: Any, parts: list[TopicPartition]) -> None:
        self._drop_all()
        consumer.unassign()

    def _drop_all(self) -> None:
        self._restore.drop(set(self.tasks))
        for task in self.tasks.values():
            if task.is_live:
                self.on_lost(task)
        self.tasks = {}


def _ms(now: datetime) -> int:
    return round(now.timestamp() * 1000)
