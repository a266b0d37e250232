"""A consumer: of a group, or outside every group with `assign`. Callbacks run only inside poll and consume."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_INVALID, KafkaError, Message, TopicPartition

from streams.testing.errors import refused
from streams.testing.fetching import Fetching
from streams.testing.groups import Member, Metadata
from streams.testing.process import Process, called
from streams.testing.topics import Place

if TYPE_CHECKING:
    from streams.testing.cluster import Cluster

Callback = Callable[["Consumer", list[TopicPartition]], None]


class Consumer:
    """`poll` never moves the clock: whoever drives the system sees in `waits_until` how long it would have waited."""

    def __init__(self, cluster: "Cluster", process: Process, group: str, **options: Any) -> None:
        """Options: `instance`, `session_s`, `is_committed_only`."""
        self.process, self._cluster, self._clock = process, cluster, cluster.clock
        self._group = cluster.groups.of(group)
        self._instance, self._session_s = options.get("instance"), options.get("session_s", 6.0)
        self.fetching = Fetching(cluster.topics, options.get("is_committed_only", True))
        self._member: Member | None = None
        self._generation = -1
        self._callbacks: dict[str, Callback | None] = {}
        self._queue: deque[Callable[[], Any]] = deque()
        self._silent_since: datetime | None = None
        self._is_closed = False
        self.waits_until = self._clock.now()
        process.on_silent.append(self._fall_silent)
        process.on_thaw.append(self._go_on)

    @property
    def has_news(self) -> bool:
        """A poll would not wait."""
        return not self._is_closed and (bool(self._queue) or self.fetching.has_news)

    @called("consumer.subscribe")
    def subscribe(
        self, topics: list[str], on_assign: Callback | None = None, on_revoke: Callback | None = None,
        on_lost: Callback | None = None,
    ) -> None:  # fmt: skip
        self._callbacks = {"assign": on_assign, "revoke": on_revoke, "lost": on_lost or on_revoke}
        self._member = Member("", self._instance, self, topics, self._session_s)
        self._group.join(self._member)

    @called("consumer.poll")
    def poll(self, timeout: float = -1) -> Message | None:
        message = self._next()
        wait = 0.0 if message is not None else max(timeout, 0.0)
        self.waits_until = self._clock.now() + timedelta(seconds=wait)
        return message

    @called("consumer.consume")
    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message]:
        found: list[Message] = []
        while len(found) < num_messages and (message := self._next()) is not None:
            found.append(message)
        return found

    @called("consumer.assign")
    def assign(self, partitions: list[TopicPartition]) -> None:
        self.fetching.assign(partitions)

    @called("consumer.unassign")
    def unassign(self) -> None:
        self.fetching.assign([])

    @called("consumer.assignment")
    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in sorted(self.fetching.positions)]

    @called("consumer.pause")
    def pause(self, partitions: list[TopicPartition]) -> None:
        self.fetching.pause(partitions, True)

    @called("consumer.resume")
    def resume(self, partitions: list[TopicPartition]) -> None:
        self.fetching.pause(partitions, False)

    @called("consumer.seek")
    def seek(self, partition: TopicPartition) -> None:
        self.fetching.seek(partition)

    @called("consumer.committed")
    def committed(self, partitions: list[TopicPartition], timeout: float = -1) -> list[TopicPartition]:
        """Waits while a transaction has not decided about one of them."""
        places = [(part.topic, part.partition) for part in partitions]
        deadline = self._clock.now() + timedelta(seconds=timeout)
        while self._group.offsets.is_undecided(places):
            if self._clock.now() >= deadline:
                raise refused(KafkaError._TIMED_OUT, "offsets are not decided")
            self._clock.advance_to(min(deadline, self._clock.next_alarm or deadline))
        found = [(place, self._group.offsets.of(place)) for place in places]
        return [TopicPartition(*place, OFFSET_INVALID if at is None else at) for place, at in found]

    @called("consumer.commit")
    def commit(self, offsets: list[TopicPartition], asynchronous: bool = True) -> list[TopicPartition]:
        self._group.check_commit(self._metadata())
        self._group.offsets.commit({(part.topic, part.partition): part.offset for part in offsets})
        return offsets

    @called("consumer.consumer_group_metadata")
    def consumer_group_metadata(self) -> Metadata:
        return self._metadata()

    @called("consumer.get_watermark_offsets")
    def get_watermark_offsets(self, partition: TopicPartition, timeout: float = -1, cached: bool = False) -> Any:
        log = self._cluster.topics.log((partition.topic, partition.partition))
        return log.start, log.end

    @called("consumer.list_topics")
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        return self._cluster.metadata()

    @called("consumer.close")
    def close(self) -> None:
        """A static member does not leave: its session ends by itself, unless it comes again before that."""
        self._is_closed = True
        if self.fetching.positions and self._member is not None:
            self._tell("revoke", self._owned())
        if self._member is not None and self._instance is None:
            self._group.leave(self._member)
        self._fall_silent()

    def must_rejoin(self) -> None:
        member = self._member
        assert member is not None
        if self.fetching.positions or member.places:
            self._queue.append(lambda: self._tell("revoke", self._owned()))
        self._queue.append(lambda: self._rejoin(member))

    def assigned(self, generation: int, places: list[Place]) -> None:
        def take() -> None:
            self._generation = generation
            self._tell("assign", [TopicPartition(*place) for place in places])

        self._generation = generation
        self._queue.append(take)

    def fenced(self) -> None:
        error = KafkaError(KafkaError._FATAL, f"{self._instance} is another member now", True)
        self._queue.clear()
        self._queue.append(lambda: Message(error=error))

    def _next(self) -> Message | None:
        while self._queue:
            told = self._queue.popleft()()
            if told is not None:
                return told  # type: ignore[no-any-return]
        return self.fetching.take()

    def _tell(self, what: str, parts: list[TopicPartition]) -> None:
        callback = self._callbacks[what]
        before = self.fetching.positions
        if callback is not None:
            callback(self, parts)
        if self.fetching.positions is before:  # the callback left it to us
            self.fetching.assign(parts if what == "assign" else [])

    def _rejoin(self, member: Member) -> None:
        if member is self._member:
            self._group.join(member)

    def _owned(self) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in self.fetching.positions]

    def _metadata(self) -> Metadata:
        member = self._member
        return Metadata(self._group.name, self._generation, member.id if member else "", self._instance)

    def _fall_silent(self) -> None:
        self._silent_since = self._clock.now()
        if self._member is not None:
            self._group.silent(self._member)

    def _go_on(self) -> None:
        """librdkafka sees for itself that its session is over, and joins again as if it were new."""
        member, since = self._member, self._silent_since
        if member is None or since is None or self._is_closed:
            return
        self._silent_since = None
        is_over = self._clock.now() - since >= timedelta(seconds=self._session_s)
        if self._group.heard(member) and not is_over:
            return
        if not is_over:
            self.fenced()
            return
        self._queue.clear()
        self._member = Member("", self._instance, self, member.topics, self._session_s)
        fresh = self._member
        self._queue.append(lambda: self._tell("lost", self._owned()))
        self._queue.append(lambda: self._rejoin(fresh))
