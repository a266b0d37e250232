"""Read-only tables while the registry does not answer: nothing is passed over."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from streams.contracts.names import Names
from streams.contracts.registry import RegistryUnavailable
from streams.domain.events import Event, ProviderProfile
from streams.runtime.broadcast import Broadcast
from streams.runtime.parts import Parts
from streams.testing.cluster import Cluster
from streams.testing.process import Process

TOPIC = "provider.profile.v1"


class Silent:
    """A codec whose registry answers from the third question on."""

    def __init__(self) -> None:
        self._asked = 0

    def decode(self, topic: str, value: bytes, time: datetime) -> Event:
        self._asked += 1
        if self._asked < 3:
            raise RegistryUnavailable("no answer")
        return ProviderProfile(provider_id=value.decode(), categories=[], city="", state="", accepting=True)


def test_records_that_a_silent_registry_left_unread_are_read_again() -> None:
    cluster, process = Cluster(), Process("worker")
    cluster.create(TOPIC, 1)
    producer = cluster.producer(process)
    for name in ("p1", "p2", "p3"):
        producer.produce(TOPIC, value=name.encode(), key=name.encode(), partition=0)
    producer.flush()
    parts: Any = SimpleNamespace(names=Names(), codec=Silent(), reader=lambda: cluster.reader(process))
    table = Broadcast(TOPIC, 1, cast(Parts, parts))
    assert table.read({(TOPIC, 0): 3})
    assert sorted(table.view) == ["p1", "p2", "p3"]
