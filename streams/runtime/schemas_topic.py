"""The topic `_schemas` itself: made, read to its end, written by one publisher at a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from streams.contracts.names import SCHEMAS
from streams.contracts.registry import Book, Entry, RegistryUnavailable
from streams.contracts.settings import Settings
from streams.runtime.clients import admin, producer, reader
from streams.runtime.ends import is_moving

GROUP = "crossdock-schemas"  # its one member may write
TIMEOUT_SECONDS = 5.0
CONFIG = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}
MISSING = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC)


class SchemasTopic:
    """`book` is what was read so far; reading goes on from there, and between two readings nothing is fetched."""

    def __init__(self, settings: Settings, open_reader: Callable[[Settings], Any] = reader) -> None:
        self.book = Book()
        self._settings, self._open_reader = settings, open_reader
        self._consumer: Consumer | None = None
        self._next = 0

    def exists(self) -> bool:
        """Raises RegistryUnavailable where the cluster does not answer."""
        return self._bounds() is not None

    def read(self) -> None:
        """Up to the end that the topic has now; from the beginning if it was made anew. Raises RegistryUnavailable."""
        bounds = self._bounds()
        if bounds is None:
            raise RegistryUnavailable("the cluster has no topic _schemas; run `schemas publish`")
        low, high = bounds
        if self._next > high:
            self._next, self.book = 0, Book()
        self._next = max(self._next, low)
        if self._next < high:
            self._read_until(high)

    def ensure(self) -> None:
        """Make it where it is missing, and wait until the cluster shows it. Raises RegistryUnavailable."""
        if self.exists():
            return
        create(self._settings)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self.exists():
            self._reader().poll(0.05)
            if time.monotonic() > deadline:
                raise RegistryUnavailable("_schemas was made, but the cluster does not show it")

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _read_until(self, high: int) -> None:
        consumer, deadline = self._reader(), time.monotonic() + TIMEOUT_SECONDS
        consumer.assign([TopicPartition(SCHEMAS, 0, self._next)])
        try:
            while self._next < high:
                message = consumer.poll(0.5)
                if message is not None:
                    self._take(message)
                elif time.monotonic() > deadline:
                    raise RegistryUnavailable(f"_schemas was not read to its end within {TIMEOUT_SECONDS:.0f} s")
        finally:
            consumer.unassign()

    def _take(self, message: Message) -> None:
        error, offset = message.error(), message.offset() or 0
        if error is None:
            self.book.apply(_bytes(message.key()), _bytes(message.value()))
            self._next = offset + 1
        elif error.code() == KafkaError._PARTITION_EOF:
            self._next = max(self._next, offset)
        else:
            raise RegistryUnavailable(f"_schemas cannot be read: {error.str()}")

    def _bounds(self) -> tuple[int, int] | None:
        """None: there is no such topic. While its leader moves to another broker, it is asked again."""
        consumer, deadline = self._reader(), time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                low, high = consumer.get_watermark_offsets(TopicPartition(SCHEMAS, 0), timeout=TIMEOUT_SECONDS)
                return low, high
            except KafkaException as error:
                if error.args[0].code() in MISSING:
                    return None
                if not is_moving(error) or time.monotonic() > deadline:
                    raise RegistryUnavailable(f"_schemas cannot be read: {error.args[0].str()}") from error
            consumer.poll(0.05)

    def _reader(self) -> Consumer:
        if self._consumer is None:
            self._consumer = self._open_reader(self._settings)
        return self._consumer


def create(settings: Settings) -> None:
    """One that exists is left as it is."""
    client = admin(settings)
    made = client.create_topics([NewTopic(SCHEMAS, num_partitions=1, replication_factor=-1, config=dict(CONFIG))])
    try:
        made[SCHEMAS].result(TIMEOUT_SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise RegistryUnavailable(f"_schemas cannot be made: {error.args[0].str()}") from error


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Only one process at a time gets past here: the member of a group that has the topic's one partition.

    A transaction would fence better, but its markers and aborted records are not what readers of `_schemas` expect.
    """
    patience = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 500, "max_poll_interval_ms": 30_000}
    membership = {"group_id": GROUP, "partition_assignment_strategy": "range", "auto_offset_reset": "latest"}
    member = reader(settings, **membership, **patience)
    member.subscribe([SCHEMAS])
    deadline = time.monotonic() + 60
    try:
        while not member.assignment():
            member.poll(0.05)
            if time.monotonic() > deadline:
                raise RegistryUnavailable("another publisher holds _schemas; try again when it has ended")
        yield
    finally:
        member.close()


def write(settings: Settings, entries: list[Entry]) -> None:
    """Raises RegistryUnavailable unless every entry was taken."""
    refused: list[str] = []
    client = producer(settings)
    for key, value in entries:
        client.produce(
            SCHEMAS, value, key, 0, on_delivery=lambda error, _: refused.append(error.str()) if error else None
        )
    left = client.flush(TIMEOUT_SECONDS)
    if left or refused:
        raise RegistryUnavailable(f"_schemas cannot be written: {refused[0] if refused else 'no answer'}")


def _bytes(data: str | bytes | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data
