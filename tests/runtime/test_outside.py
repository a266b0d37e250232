"""What is asked from outside while a partition's leader moves to another broker."""

from functools import cached_property
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.contracts.settings import Settings
from streams.runtime.outside import Cluster, Unavailable
from streams.testing.cluster import Cluster as Memory
from streams.testing.process import Process


class Troubled:
    """An admin of the Kafka in memory whose first questions for ends meet these errors."""

    def __init__(self, *codes: int) -> None:
        memory = Memory()
        memory.create("orders", 1)
        self._admin, self._codes = memory.admin(Process()), list(codes)

    def list_offsets(self, asked: Any, **how: Any) -> Any:
        if not self._codes:
            return self._admin.list_offsets(asked, **how)
        return {place: _Refused(self._codes.pop(0)) for place in asked}

    def poll(self, timeout: float) -> int:
        return 0


class _Refused:
    def __init__(self, code: int) -> None:
        self._code = code

    def result(self, timeout: float) -> Any:
        raise KafkaException(KafkaError(self._code))


class Moving(Cluster):
    def __init__(self, *codes: int) -> None:
        super().__init__(Settings("nowhere:9092"))
        self._troubled = Troubled(*codes)

    @cached_property
    def admin(self) -> Any:
        return self._troubled


def test_a_partition_whose_leader_moves_is_asked_again() -> None:
    assert Moving(KafkaError.UNKNOWN_LEADER_EPOCH, KafkaError.NOT_LEADER_FOR_PARTITION).ends([("orders", 0)]) == {
        ("orders", 0): 0
    }


def test_what_the_cluster_refuses_is_told() -> None:
    with pytest.raises(Unavailable, match="Topic authorization failed"):
        Moving(KafkaError.TOPIC_AUTHORIZATION_FAILED).ends([("orders", 0)])
