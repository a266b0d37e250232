"""The topic `_schemas` while the cluster moves its leader from one broker to another."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.contracts.registry import RegistryUnavailable
from streams.contracts.settings import Settings
from streams.runtime.schemas_topic import SchemasTopic
from streams.testing.cluster import Cluster
from streams.testing.process import Process


class Troubled:
    """A consumer of the Kafka in memory whose first questions for the ends meet these errors."""

    def __init__(self, *codes: int) -> None:
        cluster = Cluster()
        cluster.create("_schemas", 1)
        self._consumer, self._codes = cluster.reader(Process()), list(codes)

    def get_watermark_offsets(self, *args: Any, **named: Any) -> Any:
        if self._codes:
            raise KafkaException(KafkaError(self._codes.pop(0)))
        return self._consumer.get_watermark_offsets(*args, **named)

    def poll(self, timeout: float) -> Any:
        return self._consumer.poll(timeout)


def topic(*codes: int) -> SchemasTopic:
    return SchemasTopic(Settings("nowhere:9092"), lambda _: Troubled(*codes))


def test_a_leader_that_moves_is_asked_again() -> None:
    assert topic(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE).exists()


def test_a_topic_that_is_not_there_is_not_waited_for() -> None:
    assert not topic(KafkaError.UNKNOWN_TOPIC_OR_PART).exists()


def test_what_the_cluster_refuses_is_told() -> None:
    with pytest.raises(RegistryUnavailable, match="_schemas cannot be read"):
        topic(KafkaError.TOPIC_AUTHORIZATION_FAILED).exists()
