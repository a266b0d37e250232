"""Committed records of some partitions, up to ends that are known when the reading begins."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.runtime import clients

PATIENCE_S = 10.0
Place = tuple[str, int]  # logical topic, partition


class Unavailable(Exception):
    """The cluster cannot tell: no broker answers, or a topic is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One committed record as it lies in its topic (logical name); `time_ms` is its append time."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]

    @property
    def id(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


def read(
    settings: Settings, begins: Mapping[Place, int], ends: Mapping[Place, int], limit: int = 0
) -> Iterator[Stored]:
    """From `begins` to `ends`, at most `limit` records of each partition; raises Unavailable where nothing comes."""
    names = Names(settings.prefix)
    left = {place: end for place, end in ends.items() if begins[place] < end}
    if not left:
        return
    room = dict.fromkeys(left, limit)
    consumer: Any = clients.onlooker(settings)
    with closing(consumer):
        consumer.assign([TopicPartition(names.topic(topic), p, begins[topic, p]) for topic, p in left])
        while left:
            for message in _batch(consumer, settings):
                place = names.logical(message.topic()), message.partition()
                end = left.get(place, 0)
                room[place] -= 1
                if _is_end(message) or message.offset() + 1 >= end or room[place] == 0:
                    left.pop(place, None)
                if message.error() is None and message.offset() < end:
                    yield _stored(place, message)


def _batch(consumer: Any, settings: Settings) -> list[Any]:
    # consume(n, t) would wait the whole t for n records
    first = consumer.poll(PATIENCE_S)
    if first is None:
        raise Unavailable(f"{settings.broker} sent nothing for {PATIENCE_S:.0f} s; is the broker well?")
    return [first, *consumer.consume(1000, 0)]


def _is_end(message: Any) -> bool:
    error = message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise Unavailable(f"{message.topic()} cannot be read: {error.str()}")
    return error is not None


def _stored(place: Place, message: Any) -> Stored:
    time_ms, headers = message.timestamp()[1], message.headers() or []
    return Stored(*place, message.offset(), time_ms, message.key(), message.value(), headers)
