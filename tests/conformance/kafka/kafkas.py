"""Two Kafkas behind one face: the one in memory, whose clock moves when a test waits, and a real broker."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from uuid import uuid4

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.testing.cluster import Cluster
from streams.testing.process import Process

PATIENCE_S = 20.0
SESSION_S = 1.0  # an engine has 6 s
APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}


class Kafka(Protocol):
    """Clients as the engine has them; names that nobody else uses."""

    def topic(self, partitions: int = 1, **config: str) -> str: ...
    def remake(self, topic: str) -> None: ...
    def compacted(self) -> str:
        """A topic of `fill`, whose older values are gone, or will be soon."""
    def member(self, group: str, slot: str) -> Any: ...
    def reader(self) -> Any: ...
    def producer(self, room: int = 100_000) -> Any: ...
    def writer(self, id: str, timeout_s: float = 10.0) -> Any: ...
    def admin(self) -> Any: ...
    def sleep(self, seconds: float) -> None: ...


class InMemory:
    def __init__(self) -> None:
        self.cluster, self._process = Cluster(), Process()

    def topic(self, partitions: int = 1, **config: str) -> str:
        name = new("topic")
        self.cluster.create(name, partitions, APPEND_TIME | _dotted(config))
        return name

    def remake(self, topic: str) -> None:
        self.cluster.create(topic, 1, APPEND_TIME)

    def compacted(self) -> str:
        topic = self.topic(cleanup_policy="compact")
        fill(self, topic)
        self.cluster.topics.compact()
        return topic

    def member(self, group: str, slot: str) -> Any:
        return self.cluster.consumer(self._process, group, instance=f"{group}-{slot}", session_s=SESSION_S)

    def reader(self) -> Any:
        return self.cluster.reader(self._process)

    def producer(self, room: int = 100_000) -> Any:
        return self.cluster.producer(self._process, None, queue=room)

    def writer(self, id: str, timeout_s: float = 10.0) -> Any:
        return self.cluster.producer(self._process, id, timeout_s=timeout_s)

    def admin(self) -> Any:
        return self.cluster.admin(self._process)

    def sleep(self, seconds: float) -> None:
        self.cluster.clock.sleep(seconds)

    def close(self) -> None:
        """Nothing of it outlives the test."""


class Real:
    def __init__(self, broker: str, compacted: str = "") -> None:
        self._settings = Settings(broker=broker, kafka_config={"log_level": "0"})
        self._admin = clients.admin(self._settings)
        self._compacted, self._consumers = compacted, list[Any]()

    def topic(self, partitions: int = 1, **config: str) -> str:
        name = new("topic")
        self._make(NewTopic(name, partitions, 1, config=APPEND_TIME | _dotted(config)))
        return name

    def remake(self, topic: str) -> None:
        self._admin.delete_topics([topic])[topic].result(10)
        wait_until(self, lambda: topic not in self._admin.list_topics(timeout=5).topics)
        self._make(NewTopic(topic, 1, 1, config=APPEND_TIME))

    def compacted(self) -> str:
        return self._compacted

    def to_be_compacted(self) -> str:
        """A write closes the segment before it, which the cleaner takes some ten seconds later."""
        topic = self.topic(
            cleanup_policy="compact", min_cleanable_dirty_ratio="0.01", segment_ms="100", max_compaction_lag_ms="100"
        )
        fill(self, topic)
        time.sleep(0.2)
        put(self, topic, b"other", key=b"other")
        return topic

    def member(self, group: str, slot: str) -> Any:
        static = {"group_id": group, "group_instance_id": f"{group}-{slot}", "partition_assignment_strategy": "range"}
        times = {"session_timeout_ms": round(SESSION_S * 1000), "heartbeat_interval_ms": 300}
        return self._kept(clients.reader(self._settings, **static, **times))

    def reader(self) -> Any:
        return self._kept(clients.reader(self._settings))

    def producer(self, room: int = 100_000) -> Any:
        return clients.producer(self._settings, queue_buffering_max_messages=room)

    def writer(self, id: str, timeout_s: float = 10.0) -> Any:
        return clients.producer(self._settings, transactional_id=id, transaction_timeout_ms=round(timeout_s * 1000))

    def admin(self) -> Any:
        return self._admin

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        for consumer in self._consumers:
            consumer.close()

    def _kept(self, consumer: Any) -> Any:
        self._consumers.append(consumer)
        return consumer

    def _make(self, topic: Any) -> None:
        self._admin.create_topics([topic])[topic.topic].result(10)
        wait_until(self, lambda: topic.topic in self._admin.list_topics(timeout=5).topics)


def new(what: str) -> str:
    return f"{what}-{uuid4().hex[:8]}"


def _dotted(config: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "."): value for name, value in config.items()}


def wait_until(kafka: Any, is_so: Callable[[], Any]) -> Any:
    """Looks again and again while time goes by; fails after 20 s. (Some messages are falsy: None means not yet.)"""
    for _ in range(round(PATIENCE_S / 0.02)):
        if (found := is_so()) is not None and found is not False:
            return found
        kafka.sleep(0.02)
    raise AssertionError("it did not happen in time")


def begun(kafka: Kafka, id: str, **more: Any) -> Any:
    """A producer within a transaction."""
    writer = kafka.writer(id, **more)
    writer.init_transactions(10)
    writer.begin_transaction()
    return writer


def read(kafka: Kafka, topic: str, start: int = 0, partition: int = 0) -> tuple[list[tuple[int, bytes | None]], int]:
    """What a reader of committed records sees up to the partition's end, and where that end stands."""
    reader = kafka.reader()
    reader.assign([TopicPartition(topic, partition, start)])
    return to_the_end(kafka, reader)


def to_the_end(kafka: Kafka, reader: Any) -> tuple[list[tuple[int, bytes | None]], int]:
    """Offsets and values up to the next end that is told; the end."""
    seen: list[tuple[int, bytes | None]] = []

    def step() -> Any:
        while (message := reader.poll(0.05)) is not None:
            if message.error() is not None:
                return message
            seen.append((message.offset(), message.value()))
        return None

    return seen, wait_until(kafka, step).offset()


def ends(kafka: Kafka, topic: str, spec: Any, level: Any) -> int:
    """What `list_offsets` says of partition 0."""
    (answer,) = kafka.admin().list_offsets({TopicPartition(topic, 0): spec}, isolation_level=level).values()
    return int(answer.result(10).offset)


def put(kafka: Kafka, topic: str, *values: bytes | None, key: bytes | None = b"k", partition: int = 0) -> None:
    """Outside of any transaction."""
    producer = kafka.producer()
    for value in values:
        producer.produce(topic, value, key, partition)
    assert producer.flush(10) == 0


def fill(kafka: Kafka, topic: str) -> None:
    """Three values of each of two keys, in turn."""
    for value in (b"1", b"2", b"3"):
        put(kafka, topic, value, key=b"a")
        put(kafka, topic, value, key=b"b")


def values(messages: Iterable[Any]) -> list[bytes]:
    return [message.value() for message in messages if message.error() is None]


def refusal(call: Callable[..., Any], *args: Any) -> Any:
    """The error that this call ends in."""
    try:
        call(*args)
    except KafkaException as failed:
        return failed.args[0]
    raise AssertionError("it was not refused")


class Heard:
    """The callbacks of one member of a group: takes what it is assigned, from the beginning of each partition."""

    def __init__(self, consumer: Any, *topics: str) -> None:
        self.consumer, self.log = consumer, list[tuple[str, list[tuple[str, int]]]]()
        self.errors: list[Any] = []
        consumer.subscribe(list(topics), on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lost)

    @property
    def places(self) -> list[tuple[str, int]]:
        return sorted((part.topic, part.partition) for part in self.consumer.assignment())

    def next_value(self) -> bytes | None:
        message = self.consumer.poll(0.05)
        if message is None or message.error() is not None:
            self.errors += [] if message is None else [message.error()]
            return None
        value: bytes = message.value()
        return value

    def _assign(self, consumer: Any, parts: list[TopicPartition]) -> None:
        self.log.append(("assign", _places(parts)))
        consumer.assign([TopicPartition(part.topic, part.partition, 0) for part in parts])

    def _revoke(self, consumer: Any, parts: Iterable[TopicPartition]) -> None:
        self.log.append(("revoke", _places(parts)))
        consumer.unassign()

    def _lost(self, consumer: Any, parts: Iterable[TopicPartition]) -> None:
        self.log.append(("lost", _places(parts)))
        consumer.unassign()


def _places(parts: Iterable[TopicPartition]) -> list[tuple[str, int]]:
    return sorted((part.topic, part.partition) for part in parts)


def joined(kafka: Kafka, group: str, slot: str, *topics: str) -> Heard:
    """A member that has been assigned something, or nothing."""
    member = Heard(kafka.member(group, slot), *topics)
    polled_until(kafka, lambda: any(what == "assign" for what, _ in member.log), member)
    return member


def joined_beside(kafka: Kafka, first: Heard, group: str, slot: str, *topics: str) -> Heard:
    """A further member, once the rebalance that it causes is over."""
    second = Heard(kafka.member(group, slot), *topics)
    polled_until(kafka, lambda: bool(second.log) and len(first.log) >= 3, first, second)
    return second


def polled_until(kafka: Kafka, is_so: Callable[[], bool], *members: Heard) -> None:
    """Everybody polls until it is so."""

    def step() -> bool:
        for member in members:
            member.consumer.poll(0.01)
        return is_so()

    wait_until(kafka, step)
