"""Read-only tables: nothing is passed over while the registry does not answer, and what nobody can read is told."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams.contracts.codec import Undecodable
from streams.contracts.names import Names
from streams.contracts.registry import RegistryUnavailable
from streams.domain.events import Event, ProviderProfile
from streams.runtime.broadcast import Broadcast
from streams.runtime.parts import Parts
from streams.testing.cluster import Cluster
from streams.testing.process import Process

TOPIC = "provider.profile.v1"


class SlowToAnswer:
    """A codec whose registry answers from the third question on."""

    def __init__(self) -> None:
        self._asked = 0

    def decode(self, topic: str, value: bytes, time: datetime) -> Event:
        self._asked += 1
        if self._asked < 3:
            raise RegistryUnavailable("no answer")
        if value == b"junk":
            raise Undecodable("no record")
        return ProviderProfile(provider_id=value.decode(), categories=[], city="", state="", accepting=True)


def read(*values: str) -> Broadcast:
    """The table of a topic with these values."""
    cluster, process = Cluster(), Process("worker")
    cluster.create(TOPIC, 1)
    producer = cluster.producer(process)
    for value in values:
        producer.produce(TOPIC, value=value.encode(), key=value.encode(), partition=0)
    producer.flush()
    parts: Any = SimpleNamespace(names=Names(), codec=SlowToAnswer(), reader=lambda: cluster.reader(process))
    table = Broadcast(TOPIC, 1, cast(Parts, parts))
    assert table.read({(TOPIC, 0): len(values)})
    return table


def test_records_that_a_silent_registry_left_unread_are_read_again() -> None:
    assert sorted(read("p1", "p2", "p3").view) == ["p1", "p2", "p3"]


def test_what_cannot_be_decoded_is_passed_over_and_told_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    assert sorted(read("p1", "junk", "p3").view) == ["p1", "p3"]
    assert [record.getMessage() for record in caplog.records] == [f"{TOPIC}-0-1 is passed over: no record"]
