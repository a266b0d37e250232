"""When a timer may fire: every input read to the end it had when asked, after due time plus skew (docs/design.md)."""

from collections.abc import Iterable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from streams.contracts.names import Names
from streams.runtime import ends
from streams.runtime.task import Task


class Barrier:
    """Asks the ends of the inputs of all tasks with due timers in one request, and says what may fire."""

    def __init__(self, admin: AdminClient, cluster: Names, skew: timedelta) -> None:
        self._admin, self._cluster, self._skew_ms = admin, cluster, round(skew.total_seconds() * 1000)
        self._asked: dict[TopicPartition, Future[Any]] = {}
        self._asked_for: list[int] = []
        self._asked_ms = 0
        self._until_ms: dict[int, int] = {}
        self._ends: dict[tuple[str, int], int] = {}

    @property
    def is_waiting(self) -> bool:
        return bool(self._asked)

    def waited_s(self, now_ms: int) -> float:
        """How long ago the ends were asked for: the price of being fair to what was written in time."""
        return (now_ms - self._asked_ms) / 1000

    def due_before_ms(self, now_ms: int) -> int:
        """Timers due at or before this may be asked for now."""
        return now_ms - self._skew_ms

    def look(self, tasks: Iterable[Task], now_ms: int) -> None:
        """Take in an answer that has come; ask where a task has due timers that the last answer does not cover."""
        if self._asked:
            self._take_in()
            return
        until = self.due_before_ms(now_ms)
        due = [task for task in tasks if (next_due := task.timers.next_due_ms()) is not None and next_due <= until]
        unasked = [task for task in due if not self._is_pending(task)]
        if unasked:
            self._ask(unasked, now_ms)

    def may_fire_until_ms(self, task: Task) -> int | None:
        """Every timer of this task due until then may fire now; None where an input is still to be read."""
        if task.partition not in self._until_ms or not self._has_read(task):
            return None
        return self._until_ms[task.partition]

    def awaits_input(self, task: Task) -> bool:
        """A timer is due and the ends are known; the task has not read up to them yet."""
        return self._is_pending(task) and not self._has_read(task)

    def forget(self, task: Task) -> None:
        """The task has gone, or its offsets are new."""
        self._until_ms.pop(task.partition, None)

    def _is_pending(self, task: Task) -> bool:
        """The last answer lets a due timer fire as soon as this task has read on."""
        next_due, until = task.timers.next_due_ms(), self._until_ms.get(task.partition)
        return until is not None and next_due is not None and next_due <= until

    def _has_read(self, task: Task) -> bool:
        return all(stream.done >= self._ends[stream.topic, stream.partition] for stream in task.inputs)

    def _ask(self, tasks: list[Task], now_ms: int) -> None:
        inputs = [(self._cluster.topic(stream.topic), stream.partition) for task in tasks for stream in task.inputs]
        wanted = {TopicPartition(topic, partition): OffsetSpec.latest() for topic, partition in inputs}  # type: ignore[no-untyped-call]
        self._asked_ms, self._asked_for = now_ms, [task.partition for task in tasks]
        # READ_COMMITTED would answer the last stable offset, which hides what a hanging transaction has written
        level = IsolationLevel.READ_UNCOMMITTED
        self._asked = self._admin.list_offsets(wanted, isolation_level=level, request_timeout=ends.PATIENCE_S)

    def _take_in(self) -> None:
        if not all(future.done() for future in self._asked.values()):
            return
        asked, self._asked = self._asked, {}
        try:
            found = {
                (self._cluster.logical(place.topic), place.partition): ends.told(future)
                for place, future in asked.items()
            }
        except KafkaException:
            return  # asked again in the next turn
        self._ends |= found
        self._until_ms |= dict.fromkeys(self._asked_for, self.due_before_ms(self._asked_ms))
