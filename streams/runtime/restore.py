"""Coming back: a task's changelog is read into the store, from where the store stands to the end asked for."""

from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

from streams.runtime.store import Position, Store
from streams.runtime.task import Task

_BATCH = 10_000


class Restore:
    """Reads the changelog partitions of some tasks; `ends` are high watermarks asked for after the group's commits."""

    def __init__(self, store: Store, topic: str, reader: Callable[[], Consumer]) -> None:
        self._store, self._topic, self._open_reader = store, topic, reader
        self._reader: Any = None
        self._ends: dict[int, int] = {}
        self._tasks: dict[int, Task] = {}

    @property
    def remaining(self) -> dict[int, int]:
        """Records still to read of each task that is being restored."""
        return {p: self._ends[p] - task.changelog_next for p, task in self._tasks.items()}

    def begin(self, tasks: dict[Task, int]) -> list[Task]:
        """Tasks with their changelog's end; those that have nothing to read are returned at once."""
        for task, end in tasks.items():
            if task.changelog_next < end:
                self._tasks[task.partition], self._ends[task.partition] = task, end
        self._assign()
        return [task for task in tasks if task.partition not in self._tasks]

    def drop(self, partitions: set[int]) -> None:
        if partitions & self._tasks.keys():
            self._tasks = {p: task for p, task in self._tasks.items() if p not in partitions}
            self._assign()

    def step(self, seconds: float, now_ms: int) -> list[Task]:
        """Read for about that long; the tasks that came to their end."""
        if not self._tasks:
            return []
        first = self._reader.poll(seconds)
        messages = [] if first is None else [first, *self._reader.consume(_BATCH, 0)]
        changes: dict[int, dict[bytes, bytes | None]] = {}
        for message in messages:
            self._take(message, changes)
        for partition in changes:
            task = self._tasks[partition]
            position = Position(task.changelog_next, task.changelog_id, now_ms)
            self._store.write(partition, changes[partition], position)
        done = [task for p, task in self._tasks.items() if task.changelog_next >= self._ends[p]]
        self.drop({task.partition for task in done})
        return done

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _take(self, message: Any, changes: dict[int, dict[bytes, bytes | None]]) -> None:
        partition, error = message.partition(), message.error()
        task = self._tasks.get(partition)
        if task is None:
            return
        if error is None:
            # a tombstone's message is falsy and its value None: both mean a deletion here, not "nothing came"
            changes.setdefault(partition, {})[message.key()] = message.value()
            task.changelog_next = message.offset() + 1
        elif error.code() == KafkaError._PARTITION_EOF:
            changes.setdefault(partition, {})
            task.changelog_next = max(task.changelog_next, message.offset())

    def _assign(self) -> None:
        if not self._tasks:
            self.close()
            return
        if self._reader is None:
            self._reader = self._open_reader()
        places = [TopicPartition(self._topic, p, task.changelog_next) for p, task in self._tasks.items()]
        self._reader.assign(places)
