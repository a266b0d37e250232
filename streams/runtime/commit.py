"""The transaction of a turn: begun when everything that it will hold is known, and never committed past a refusal."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from confluent_kafka import KafkaException, TopicPartition

from streams.contracts import names as derived
from streams.runtime.app_metrics import DeliveryResult
from streams.runtime.parts import Parts
from streams.runtime.spec import AppSpec
from streams.runtime.store import Position
from streams.runtime.task import Task
from streams.runtime.transaction import Aborted, Batch, Crash, offsets_of

_EOF_COMMIT_S = 1.0  # offsets that only step over commit markers may wait this long for company
_SETTLING_S = 0.005
_RESULTS: tuple[DeliveryResult, ...] = ("delivered", "refused", "unreachable", "gone")
_ABORTS_IN_A_ROW = 10  # a rebalance undoes one or two turns; a write that is refused undoes every turn
_log = logging.getLogger(__name__)
Changes = dict[Task, dict[bytes, bytes | None]]


class Committer:
    """Owns the transactional producer: what may be asked again is, an abort is undone, the rest is Crash."""

    def __init__(self, spec: AppSpec, parts: Parts) -> None:
        self._spec, self._parts = spec, parts
        self._changelog = parts.names.topic(derived.changelog(spec.group))
        self._last_commit = 0.0
        self._positions: dict[int, int] = {}
        self._aborts = 0

    def settling_s(self) -> float:
        """How long the last transaction is still being marked in its partitions: a next one would only be refused."""
        return max(0.0, self._last_commit + _SETTLING_S - self._parts.clock.monotonic())

    def start(self) -> None:
        """Aborts what a dead worker of this slot left open, and fences it if it is not dead."""
        self._ask(lambda: self._parts.producer.init_transactions(30))

    def commit(self, batch: Batch, tasks: list[Task]) -> None:
        """Raises Aborted: nothing of the batch happened; Crash: this worker must end."""
        changes = {task: changed for task in tasks if (changed := task.tables.changes())}
        offsets = offsets_of(tasks)
        started = self._parts.clock.monotonic()
        is_first = bool(tasks) and not self._last_commit  # so that the first event does not pay for the connections
        is_worth = bool(batch.outputs or changes or batch.counts) or is_first
        if not is_worth and (not offsets or started - self._last_commit < _EOF_COMMIT_S):
            return
        self._transact(batch, changes, self._again(changes or tasks) | offsets)
        self._store(changes)
        for task in tasks:
            for stream in task.streams.values():
                stream.committed = max(stream.committed, stream.done)
        self._last_commit = self._parts.clock.monotonic()
        self._report(batch, self._last_commit - started)

    def _transact(self, batch: Batch, changes: Changes, offsets: dict[tuple[str, int], int]) -> None:
        producer = self._parts.producer
        self._ask(producer.begin_transaction)
        try:
            for output in batch.outputs:
                self._produce(output.topic, output.value, output.key, output.partition, headers=output.headers)
            for task, changed in changes.items():
                self._log(task, changed)
            places = [TopicPartition(self._parts.names.topic(t), p, offset) for (t, p), offset in offsets.items()]
            if places:
                self._ask(lambda: producer.send_offsets_to_transaction(places, batch.member, 30))
            self._ask(lambda: producer.commit_transaction(30))
        except Aborted as reason:
            self._ask(lambda: producer.abort_transaction(30))
            self._parts.metrics.aborted()
            self._aborts += 1
            _log.info("%s undid a turn: %s", self._spec.group, reason)
            if self._aborts > _ABORTS_IN_A_ROW:
                raise Crash(f"no transaction gets through: {reason}") from reason
            raise
        self._aborts = 0

    def _log(self, task: Task, changed: dict[bytes, bytes | None]) -> None:
        last = len(changed) - 1
        for index, (key, value) in enumerate(changed.items()):
            if index == last:
                self._produce(self._changelog, value, key, task.partition, on_delivery=self._delivered)
            else:
                self._produce(self._changelog, value, key, task.partition)

    def _delivered(self, error: Any, message: Any) -> None:
        if error is None:
            self._positions[message.partition()] = message.offset() + 1
            appended_ms = message.timestamp()[1]
            self._parts.metrics.clock(timedelta(seconds=appended_ms / 1000 - self._parts.clock.now().timestamp()))

    def _produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int, **more: Any) -> None:
        while True:
            try:
                self._parts.producer.produce(topic, value, key, partition, **more)
                return
            except BufferError:
                self._parts.producer.poll(0.05)
            except KafkaException as error:
                raise Crash(f"a write to {topic} was refused: {error}") from error

    def _store(self, changes: Changes) -> None:
        now_ms = round(self._parts.clock.now().timestamp() * 1000)
        for task, changed in changes.items():
            task.changelog_next = self._positions[task.partition]
            task.tables.committed(changed, Position(task.changelog_next, task.changelog_id, now_ms))

    def _again(self, tasks: Iterable[Task]) -> dict[tuple[str, int], int]:
        """What a task changes without reading on (timers, queues) needs offsets, too: they fence a zombie, and its
        successor waits until those of its own partitions are decided."""
        streams = [stream for task in tasks for stream in task.inputs[:1]]
        return {(stream.topic, stream.partition): stream.committed for stream in streams}

    def _ask(self, call: Callable[[], Any]) -> None:
        while True:
            try:
                call()
                return
            except KafkaException as failure:
                error = failure.args[0]
                if error.txn_requires_abort():
                    raise Aborted(str(error)) from failure
                if not error.retriable() or error.fatal():
                    raise Crash(f"the transaction was refused: {error}") from failure
                _log.warning("%s asks Kafka again: %s", self._spec.group, error)

    def _report(self, batch: Batch, seconds: float) -> None:
        metrics, counts = self._parts.metrics, batch.counts
        metrics.turn(counts["processed"], counts["failed"], counts["retried"], counts["parked"], counts["buried"])
        metrics.left_out(counts["duplicates"], counts["overdue"])
        metrics.committed(seconds)
        metrics.delivered({result: counts[result] for result in _RESULTS if counts[result]})
        if batch.fired:
            metrics.timers(batch.fired, self._parts.clock.now(), batch.barrier_s)
        known = [(output.record, output.caused) for output in batch.outputs if output.record and output.caused]
        if known:
            metrics.observe_outputs(known, self._parts.clock.now())
