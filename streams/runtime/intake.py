"""What the consumer brings, sorted into the streams of the tasks; what cannot be taken in now is paused."""

from collections.abc import Iterator
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from streams.contracts.facts import due_at_ms
from streams.runtime.membership import Membership
from streams.runtime.parts import Parts
from streams.runtime.perform import Output
from streams.runtime.task import Role, Stream, Task
from streams.runtime.transaction import Crash

_ROOM, _ROOM_BYTES = 10_000, 16 << 20  # in the buffers of all streams that are not paused
_LOOK_S, _REST_S = 2.0, 5.0  # an empty lane is read for so long, and then not read for so long
_HARMLESS = {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE, KafkaError._TIMED_OUT}


class Intake:
    """Buffers are bounded: a full one is paused, and a busy engine polls for one record at a time to stay a member.

    An empty lane is paused, too, until `laned` says that it has got a record: brokers look at every partition of a
    fetch whenever one of them has news, and most partitions are lanes. Who else writes there is heard 5 s later.
    """

    def __init__(self, parts: Parts, membership: Membership, max_waiting: int) -> None:
        self._parts, self._membership, self._max_waiting = parts, membership, max_waiting
        self._round = 0
        self._record_bytes = 1024.0  # of late, on average

    def poll(self, patience_s: float, gather_s: float = 0.0) -> None:
        """Waits for the first record, then as long as `gather_s` for more of them."""
        self._resume_roomy()
        # consume(n, t) would wait the whole t for n records
        first = self._parts.consumer.poll(patience_s)
        if first is None:
            return
        self._sort(first)
        self._pause_full()
        room = self._room()
        found = self._parts.consumer.consume(room, gather_s) if room > 0 else []
        for message in found:
            self._sort(message)
        if found:
            self._record_bytes = sum(map(len, found)) / len(found)
        self._count()

    def laned(self, outputs: list[Output]) -> None:
        """These were committed; those in lanes will be read at once."""
        for output in outputs:
            task = self._membership.tasks.get(output.partition)
            stream = task.streams.get(self._parts.names.logical(output.topic)) if task else None
            if stream is not None and stream.role is Role.LANE:
                self._resume(stream)

    def in_turn(self, tasks: list[Task]) -> Iterator[Task]:
        """Every task once, each time another one first, so that none starves when turns are full."""
        self._round += 1
        start = self._round % len(tasks) if tasks else 0
        return iter(tasks[start:] + tasks[:start])

    def has_work(self, task: Task) -> bool:
        """Something is buffered that could be tried in the next turn."""
        if task.not_before_ms > self._parts.clock.now().timestamp() * 1000:
            return False
        reads_on = task.keys.waiting_bytes <= self._max_waiting
        return any(stream.buffer for stream in ((*task.control, *task.inputs) if reads_on else task.control))

    def lane_due(self, tasks: list[Task]) -> list[float]:
        """When the next record of each lane is due (epoch ms)."""
        heads = [lane.buffer[0] for task in tasks for lane in task.lanes if lane.buffer]
        return [float(due_at_ms(head.headers()) or 0) for head in heads]

    def _sort(self, message: Any) -> None:
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            if error.fatal() or error.code() not in _HARMLESS:
                raise Crash(f"the consumer failed: {error}")
            return
        task = self._membership.tasks.get(message.partition())
        if task is None or not task.is_live:
            return  # read again when the task is live: positions are ours, not the consumer's
        stream = task.streams[self._parts.names.logical(message.topic())]
        if error is not None:
            stream.end = max(stream.end, message.offset())
            stream.looked_s = max(stream.looked_s, self._parts.clock.monotonic())
        else:
            stream.buffer.append(message)
            stream.polled = message.offset() + 1
            stream.fresh += 1

    def _count(self) -> None:
        for task in self._membership.live:
            for stream in task.streams.values():
                if stream.fresh:
                    self._parts.metrics.read(stream.topic, stream.fresh)
                    stream.fresh = 0

    def _room(self) -> int:
        streams = (stream for task in self._membership.live for stream in task.streams.values())
        return self._limit() - sum(len(stream.buffer) for stream in streams if not stream.is_paused)

    def _limit(self) -> int:
        return min(_ROOM, int(_ROOM_BYTES / max(self._record_bytes, 1)))

    def _pause_full(self) -> None:
        """Pausing costs what was fetched ahead, so a source that is worked on is never paused, however full it is."""
        is_crowded, now_s = self._room() <= 0, self._parts.clock.monotonic()
        for task in self._membership.live:
            for stream in task.streams.values():
                if not stream.is_paused and self._is_stuck(stream, is_crowded, now_s):
                    self._parts.consumer.pause([self._place(stream)])
                    stream.is_paused = True
                stream.look()

    def _is_stuck(self, stream: Stream, is_crowded: bool, now_s: float) -> bool:
        if stream.role is Role.SOURCE:
            return is_crowded and stream.has_rested
        if stream.role is Role.LANE and (stream.buffer or stream.flying):
            stream.looked_s = now_s
        has_looked = 0 <= stream.looked_s < now_s - _LOOK_S
        return stream.is_full or (stream.role is Role.LANE and has_looked)

    def _resume_roomy(self) -> None:
        now_s = self._parts.clock.monotonic()
        for task in self._membership.live:
            for stream in task.streams.values():
                if stream.is_paused and self._is_roomy(stream, now_s):
                    self._resume(stream)

    def _is_roomy(self, stream: Stream, now_s: float) -> bool:
        if stream.role is Role.SOURCE:
            return not stream.has_rested and len(stream.buffer) <= self._limit() // 8
        is_resting = stream.role is Role.LANE and not stream.buffer and now_s - stream.looked_s < _LOOK_S + _REST_S
        return not stream.is_full and not is_resting

    def _resume(self, stream: Stream) -> None:
        stream.looked_s = self._parts.clock.monotonic()
        if stream.is_paused:
            self._parts.consumer.resume([self._place(stream)])
            stream.is_paused = False

    def _place(self, stream: Stream) -> TopicPartition:
        return TopicPartition(self._parts.names.topic(stream.topic), stream.partition)
