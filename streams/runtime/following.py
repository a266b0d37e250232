"""Committed records of many topics as they come, from their first one, outside every group."""

from collections.abc import Iterable
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.reading import Place, Stored, Unavailable

# Nobody waits for it, and an answer to every commit of many topics costs the broker more than all that is read.
_FETCHES = {"fetch_wait_max_ms": 200, "fetch_min_bytes": 1 << 20}


class Follower:
    """Each partition comes in its order; between partitions there is none."""

    def __init__(self, settings: Settings, places: Iterable[Place]) -> None:
        self._names = names = Names(settings.prefix)
        self._consumer: Any = clients.onlooker(settings, enable_partition_eof=False, **_FETCHES)
        self._consumer.assign([TopicPartition(names.topic(topic), p, OFFSET_BEGINNING) for topic, p in places])

    def read(self, wait_s: float) -> list[Stored]:
        """What is there, or comes first within `wait_s`; raises Unavailable where a topic cannot be read."""
        first = self._consumer.poll(wait_s)
        found = [] if first is None else [first, *self._consumer.consume(1000, 0)]
        return [self._stored(message) for message in found if _is_record(message)]

    def close(self) -> None:
        self._consumer.close()

    def _stored(self, message: Any) -> Stored:
        place, time_ms = (self._names.logical(message.topic()), message.partition()), message.timestamp()[1]
        return Stored(*place, message.offset(), time_ms, message.key(), message.value(), message.headers() or [])


def _is_record(message: Any) -> bool:
    error = message.error()
    if error is not None and not error.retriable() and error.code() != KafkaError._ALL_BROKERS_DOWN:
        raise Unavailable(f"{message.topic() or 'Kafka'} cannot be read: {error.str()}")
    return error is None
