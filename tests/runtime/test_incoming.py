"""A reader outside our transactions: a cluster that refuses us is told, and is no silence."""

from typing import Any

import pytest
from confluent_kafka import KafkaError

from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.incoming import Incoming
from streams.runtime.reading import Unavailable


class Refusing:
    """A consumer whose group is not granted."""

    def subscribe(self, topics: list[str]) -> None:
        assert topics

    def poll(self, seconds: float) -> "Refusing":
        return self

    def consume(self, count: int, seconds: float) -> list[Any]:
        return []

    def error(self) -> KafkaError:
        return KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)


def test_a_group_that_is_not_granted_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "reader", lambda *_, **__: Refusing())
    with pytest.raises(Unavailable, match=r"bad credentials: .*Group authorization failed"):
        Incoming(Settings("nowhere:9092"), "orders", "customer.in").read(0)
