"""Read-only tables: no handler is called before its tables were read, however slow Kafka is with them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.names import Names
from streams.domain.events import Event, OrderPlaced, ProviderProfile
from streams.runtime import clients
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.codecs import codec_of
from streams.runtime.engine import Engine
from streams.runtime.parts import Clock, Parts
from streams.runtime.spec import AppSpec
from streams.runtime.watchdog import Watch
from streams.testing.store import MemoryStore
from tests.flow import Flow, placed, small
from tests.worker import until

GROUP = "notifications"


class LateReader:
    """A real reader to whom Kafka says nothing at first."""

    def __init__(self, reader: Any) -> None:
        self._reader, self._silent = reader, 60

    def poll(self, seconds: float) -> Any:
        self._silent -= 1
        return None if self._silent >= 0 else self._reader.poll(seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


class Seen(list[list[str]]):
    """The providers that the table had at each call of the handler."""

    def __call__(self, event: Event, *, providers: Any) -> tuple[()]:
        assert isinstance(event, OrderPlaced)
        self.append(sorted(providers))
        return ()


@pytest.fixture
def flow(broker: str, tmp_path: Path) -> Iterator[Flow]:
    with Flow(broker, tmp_path, small()) as flow:
        yield flow


def engine_of(flow: Flow, react: Seen, home: Path) -> Engine:
    names, settings = Names(flow.settings.prefix), flow.settings
    member = clients.Member(names.group(GROUP), "slot")
    stanza = flow.topology.stanzas[GROUP]
    parts = Parts(
        consumer=clients.group_consumer(settings, member, 0.2),
        producer=clients.transactional_producer(settings, member, 1 << 20),
        admin=clients.admin(settings),
        reader=lambda: LateReader(clients.reader(settings)),
        store=MemoryStore(),
        clock=Clock(),
        codec=codec_of(settings, flow.topology),
        names=names,
        metrics=AppMetrics.of(stanza, settings.prefix),
        directory=home,
    )
    spec = AppSpec(flow.topology, stanza, react, tables={"providers": "provider.profile.v1"})
    return Engine(spec, parts, Watch(home, names, 60.0, lambda _: None, lambda: True))


def test_a_record_waits_until_the_tables_of_its_handler_were_read(flow: Flow, tmp_path: Path) -> None:
    profile = ProviderProfile(provider_id="p", categories=["toys"], city="campinas", state="SP", accepting=True)
    flow.send(profile, *placed("1"))
    seen = Seen()
    engine = engine_of(flow, seen, tmp_path)
    engine.start()

    def handled() -> Seen:
        engine.turn()
        return seen

    until(handled, "the handler's call")
    engine.stop()
    assert seen == [["p"]]
