"""A consumer: of a group, or outside every group with `assign`. Callbacks run only inside poll and consume."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_INVALID, KafkaError, Message, TopicPartition

from streams.testing.errors import refused
from streams.testing.fetching import Fetching
from streams.testing.groups import Metadata
from streams.testing.joining import Joining
from streams.testing.process import Process, called
from streams.testing.topics import Place

if TYPE_CHECKING:
    from streams.testing.cluster import Cluster

Callback = Callable[["Consumer", list[TopicPartition]], None]


class Consumer:
    """`poll` never waits: what may come while time goes by, whoever drives the system lets come before."""

    def __init__(self, cluster: "Cluster", process: Process, group: str, **options: Any) -> None:
        """Options: `instance`, `session_s`, `is_committed_only`."""
        self.process, self._cluster, self._clock = process, cluster, cluster.clock
        self.fetching = Fetching(cluster.topics, options.get("is_committed_only", True))
        instance, session_s = options.get("instance"), options.get("session_s", 6.0)
        self._joining = Joining(cluster.groups.of(group), cluster.clock, instance, session_s, self._tell)
        self._offsets = cluster.groups.of(group).offsets
        self._callbacks: dict[str, Callback | None] = {}
        self._is_closed = False
        process.on_silent.append(self._joining.fall_silent)
        process.on_thaw.append(self._joining.go_on)

    @property
    def has_news(self) -> bool:
        """A poll would not wait."""
        return not self._is_closed and (self._joining.has_news or self.fetching.has_news)

    @called("consumer.subscribe")
    def subscribe(
        self, topics: list[str], on_assign: Callback | None = None, on_revoke: Callback | None = None,
        on_lost: Callback | None = None,
    ) -> None:  # fmt: skip
        self._callbacks = {"assign": on_assign, "revoke": on_revoke, "lost": on_lost or on_revoke}
        self._joining.join(topics)

    @called("consumer.poll")
    def poll(self, timeout: float = -1) -> Message | None:
        return self._next()

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
        while self._offsets.is_undecided(places):
            if self._clock.now() >= deadline:
                raise refused(KafkaError._TIMED_OUT, "offsets are not decided")
            self._clock.advance_to(min(deadline, self._clock.next_alarm or deadline))
        found = [(place, self._offsets.of(place)) for place in places]
        return [TopicPartition(*place, OFFSET_INVALID if at is None else at) for place, at in found]

    @called("consumer.commit")
    def commit(self, offsets: list[TopicPartition], asynchronous: bool = True) -> list[TopicPartition]:
        self._joining.group.check_commit(self._joining.metadata)
        self._offsets.commit({(part.topic, part.partition): part.offset for part in offsets})
        return offsets

    @called("consumer.consumer_group_metadata")
    def consumer_group_metadata(self) -> Metadata:
        return self._joining.metadata

    @called("consumer.get_watermark_offsets")
    def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float = -1, cached: bool = False
    ) -> tuple[int, int]:
        log = self._cluster.topics.log((partition.topic, partition.partition))
        return log.start, log.end

    @called("consumer.list_topics")
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        return self._cluster.metadata()

    @called("consumer.close")
    def close(self) -> None:
        self._is_closed = True
        self._joining.leave()

    def _next(self) -> Message | None:
        message = self._joining.hear()
        return self.fetching.take() if message is None and not self._joining.has_news else message

    def _tell(self, what: str, places: list[Place] | None) -> None:
        """What the application does not do in its callback is done for it; no callback takes nothing away."""
        before, callback = self.fetching.positions, self._callbacks[what]
        parts = [TopicPartition(*place) for place in (before if places is None else places)]
        if callback is not None and (parts or what == "assign"):
            callback(self, parts)
        if self.fetching.positions is before:
            self.fetching.assign(parts if what == "assign" else [])
