"""What an engine does now and then: report its gauges, and trim lanes behind what is committed for good."""

from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import KafkaException, TopicPartition

from streams.runtime.parts import Parts
from streams.runtime.task import Stream, Task

_REPORT_S = 2.0
_TRIM_S = 30.0


class Upkeep:
    """Called every turn, does something every few seconds; nothing of it waits for the cluster."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reported = self._trimmed = 0.0
        self._kept: dict[tuple[str, int], int] = {}

    def run(self, tasks: list[Task], remaining: dict[int, int], is_ready: bool) -> None:
        now = self._parts.clock.monotonic()
        if now - self._reported >= _REPORT_S:
            self._reported = now
            self._parts.metrics.ready(is_ready)
            self._report(tasks, remaining)
        if now - self._trimmed >= _TRIM_S:
            self._trimmed = now
            self._trim(tasks)

    def _report(self, tasks: list[Task], remaining: dict[int, int]) -> None:
        metrics, now = self._parts.metrics, self._parts.clock.now()
        for partition, records in remaining.items():
            metrics.restoring(partition, records)
        for task in tasks:
            if task.partition not in remaining:
                metrics.restoring(task.partition, 0)
            keys = task.keys
            since = min((held.since_ms for held in keys.held.values()), default=None)
            oldest = None if since is None else datetime.fromtimestamp(since / 1000, UTC)
            metrics.waiting(task.partition, len(keys.held), sum(keys.queue_lengths()), keys.waiting_bytes, oldest)
            parked = sum(letter.key is not None for letter in keys.open.values())
            metrics.open_dead(task.partition, parked, len(keys.open) - parked)
            for stream in task.streams.values():
                metrics.lag(stream.topic, stream.partition, *self._lag(stream, now))

    def _lag(self, stream: Stream, now: datetime) -> tuple[int, float]:
        """Records not finished, and how long the oldest of them has waited in its topic."""
        _, end = self._parts.consumer.get_watermark_offsets(self._place(stream), cached=True)
        behind = max(end - stream.done, 0)
        if not stream.flying and not stream.buffer:
            return behind, 0.0
        appended_ms = stream.flying[0].appended_ms if stream.flying else stream.buffer[0].timestamp()[1]
        written = datetime.fromtimestamp(appended_ms / 1000, UTC)
        return behind, max((now - written) / timedelta(seconds=1), 0.0)

    def _trim(self, tasks: list[Task]) -> None:
        """Lanes have no time retention: what a successful commit has left behind is deleted here."""
        lanes = [lane for task in tasks for lane in task.lanes]
        moved = [lane for lane in lanes if lane.committed > self._kept.get((lane.topic, lane.partition), 0)]
        if not moved:
            return
        wanted = [TopicPartition(self._parts.names.topic(lane.topic), lane.partition, lane.committed) for lane in moved]
        try:
            asked: dict[Any, Any] = self._parts.admin.delete_records(wanted)
        except KafkaException:
            return  # asked again in half a minute
        for lane in moved:
            self._kept[lane.topic, lane.partition] = lane.committed
        for future in asked.values():
            future.add_done_callback(lambda done: done.exception())  # an answer that nobody waits for

    def _place(self, stream: Stream) -> TopicPartition:
        return TopicPartition(self._parts.names.topic(stream.topic), stream.partition)
