"""Builds a Faust app from a stanza and a handler; the only place that knows both."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import faust
from confluent_kafka import libversion, version
from faust.app.base import BootStrategy
from faust.transport import base
from faust.transport.drivers import TRANSPORTS
from mode import Service

from streams.contracts import names as derived
from streams.contracts.current import topology
from streams.contracts.names import Names
from streams.contracts.settings import from_env
from streams.contracts.topology import Stanza
from streams.runtime.driver import Driver
from streams.runtime.process import exit_process
from streams.runtime.spec import AppSpec, Channel, GiveUp
from streams.runtime.web_server import FIRST_PORT, PatientWeb, mount

TRANSPORTS.aliases["crossdock"] = f"{__name__}:Transport"


class Transport(base.Transport):
    """Stands in `faust worker`'s banner; the engine does all Kafka work."""

    driver_version = f"confluent-kafka={version()} librdkafka={libversion()[0]}"


class EngineService(Service):
    """The engine as Faust's worker sees it: it crashes the worker when it fails, and stops with it."""

    def __init__(self, driver: Driver, **options: Any) -> None:
        super().__init__(**options)
        self.driver = driver

    async def on_start(self) -> None:
        self._running = self.add_future(self.driver.run())

    async def on_stop(self) -> None:
        self.driver.stop()
        # self.wait returns at once in a service that stops, and what still runs then is cancelled
        await asyncio.wait([self._running])


class EngineOnly(BootStrategy):
    """Sensors, web and our engine; none of the parts of Faust that lose data (docs/design.md)."""

    enable_kafka = False

    def server(self) -> Iterable[Any]:
        app = cast(App, self.app)
        return self._chain(self.sensors(), self.web_server(), [app.engine])


class App(faust.App):
    """A Faust app whose events are handled by an engine of ours; `agents` and `tables` list what it does."""

    BootStrategy = EngineOnly

    def __init__(self, spec: AppSpec) -> None:
        settings = from_env()
        super().__init__(
            Names(settings.prefix).group(spec.group), broker=f"crossdock://{settings.broker}", web_port=FIRST_PORT,
            datadir=settings.home / "state", web_tables_enabled=False, autodiscover=False, table_cleanup_interval=3600,
        )
        self.spec = spec
        self.driver = Driver(spec, exit_process)
        self.engine = EngineService(self.driver)
        mount(self, lambda: [self.driver.status()])

    def _new_web(self) -> Any:
        return PatientWeb(self)

    async def on_first_start(self) -> None:
        """Faust would make directories for tables of its own."""

    async def on_start(self) -> None:
        """Faust would make a consumer of its own here."""
        self.finalize()


def build(
    stanza: Stanza, handler: Callable[..., Any], *, tables: Mapping[str, str] | None = None, state: type | None = None,
    **more: Any,
) -> App:
    """The app of this stanza. `handler` is `decide` where `state` names its record, else `react`.

    More: `give_up(event, reason)` for what a buried record still causes; `connect()` for a partner's channel;
    `receive()` for what brings an inbound app's messages.
    """
    react, decide = (handler, None) if state is None else (None, handler)
    spec = AppSpec(topology(), stanza, react, decide, state=state, tables=tables or {}, **more)
    app = App(spec)
    for source in stanza.sources:
        _announce(app, source.topic, handler)
    for name, help in _tables(spec).items():
        app.Table(name, help=help, partitions=stanza.partitions)
    return app


def _announce(app: App, topic: str, handler: Callable[..., Any]) -> None:
    """An agent for `faust agents` to list; the engine calls the handler itself."""

    async def agent(stream: Any) -> None:
        raise NotImplementedError("the engine handles this topic")

    agent.__doc__ = (getattr(handler, "func", handler).__doc__ or "").split("\n")[0]
    app.agent(app.topic(Names(from_env().prefix).topic(topic)), name=f"{app.spec.group}:{topic}")(agent)


def _tables(spec: AppSpec) -> dict[str, str]:
    changelog = derived.changelog(spec.group)
    own = {"waiting": f"Records that wait behind a failed one of their key; changelog {changelog}"}
    if spec.state is not None:
        own["state"] = f"{spec.state.__name__} by key; changelog {changelog}"
        own["timer"] = f"Durable timers by key and name; changelog {changelog}"
    return own | {name: f"Read-only view of {topic}" for name, topic in spec.tables.items()}


__all__ = ["App", "Channel", "GiveUp", "build"]
