"""Makes an engine with real clients and turns it in a thread of its own until it is told to stop."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from confluent_kafka import KafkaException

from streams.contracts import names as derived
from streams.contracts.arrivals import Arrivals
from streams.contracts.names import Names
from streams.contracts.settings import Settings, from_env
from streams.contracts.topics import read_by
from streams.runtime import clients
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.codecs import codec_of
from streams.runtime.courier import LoopCourier
from streams.runtime.engine import Engine
from streams.runtime.footing import needed
from streams.runtime.parts import Clock, Parts, Stop
from streams.runtime.process import collect_seldom, exit_process
from streams.runtime.receiving import Receiving, Ways
from streams.runtime.spec import AppSpec, Channel
from streams.runtime.store import Slot, open_store, take_slot
from streams.runtime.transaction import Crash
from streams.runtime.watchdog import Watch
from streams.runtime.web import AppStatus

_WIND_DOWN_S, _FAREWELL_S = 3.0, 10.0


@dataclass(slots=True)
class Driver:
    """One app of this process. `end` ends the process when a handler hangs or the worker has become a zombie."""

    spec: AppSpec
    end: Callable[[str], None]
    idle_s: float = 0.2
    settings: Settings = field(default_factory=from_env)
    _engine: Engine | None = None
    _failure: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _farewell: threading.Timer | None = None
    _receiving: Receiving | None = None

    def status(self) -> AppStatus:
        if self._failure:
            return AppStatus(self.spec.group, "failed", self._failure)
        if self._engine is None:
            return AppStatus(self.spec.group, "starting")
        trouble = self._receiving.trouble if self._receiving else ""
        return AppStatus(self.spec.group, "live" if self._engine.is_ready else "restoring", trouble)

    def stop(self) -> None:
        """Where Kafka does not answer, the process ends without a goodbye in the end, which is as safe as a kill."""
        if not self._stop.is_set():
            self._stop.set()
            if self._farewell is not None:
                self._farewell.start()

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    async def run(self) -> None:
        """Until `stop`; raises Stop, Crash, or whatever else has ended it. A second call begins anew."""
        self._failure = ""
        try:
            await self._run()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # told, and handed over to whoever runs the app: nothing is swallowed here
            self._failure = str(error) if isinstance(error, Stop | Crash | KafkaException) else repr(error)
            if not isinstance(error, Stop):
                AppMetrics(self.spec.group, self.settings.prefix).restarted(error)
            raise

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        channel = self.spec.connect() if self.spec.connect else None
        self._receiving = self._inlet()
        done: asyncio.Future[None] = loop.create_future()
        thread = threading.Thread(target=self._thread, args=(loop, channel, done), name=self.spec.group, daemon=True)
        reason = f"{self.spec.group} cannot leave its group: Kafka has not answered for {_FAREWELL_S:g} s"
        self._farewell = farewell = threading.Timer(_FAREWELL_S, exit_process, [reason])
        farewell.daemon = True
        thread.start()
        beside = loop.create_task(self._receiving.run(lambda: self._turn(done))) if self._receiving else None
        if beside is not None:
            beside.add_done_callback(partial(_failed_too, done))
        try:
            await done
        finally:
            if beside is not None:
                await asyncio.wait([beside])
            await asyncio.to_thread(thread.join)  # it may sit in a commit; other apps have this loop, too
            farewell.cancel()
            self._engine = self._farewell = None
            if channel is not None:
                await channel.close()

    def _inlet(self) -> Receiving | None:
        """For an inbound app, what brings messages in beside the engine; raises Stop where it cannot begin."""
        if self.spec.receive is None:
            return None
        stanza, names = self.spec.stanza, Names(self.settings.prefix)
        (source,) = stanza.sources
        member = clients.Member(names.group(stanza.group), "received")
        producer = partial(clients.transactional_producer, self.settings, member, source.event.max_bytes)
        arrivals = Arrivals(stanza.admits, codec_of(self.settings, self.spec.topology))
        metrics = AppMetrics(stanza.group, names.prefix)
        return Receiving(names.topic(source.topic), Ways(self.spec.receive, producer), arrivals, metrics)

    def _turn(self, done: "asyncio.Future[None]") -> bool | None:
        """Whether this worker is the one that takes messages in; None: it is about to end."""
        if self._stop.is_set() or done.done():
            return None
        return self._engine is not None and self._engine.leads

    def _thread(self, loop: asyncio.AbstractEventLoop, channel: Channel | None, done: "asyncio.Future[None]") -> None:
        failure: BaseException | None = None
        try:
            self._turn_until_stopped(loop, channel, done.done)
        except BaseException as error:  # handed over to the loop, which decides: nothing is swallowed here
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(_finish, done, failure)

    def _turn_until_stopped(
        self, loop: asyncio.AbstractEventLoop, channel: Channel | None, is_over: Callable[[], bool]
    ) -> None:
        names, group = Names(self.settings.prefix), self.spec.group
        with needed(group):
            slot = take_slot(self.settings.home / "state" / names.group(group))
        with slot.lock:
            with needed(group):
                parts = self._parts(slot, names, loop, channel)
            timeout_s = self.spec.stanza.handler_timeout.total_seconds()
            watch = Watch(slot.path, names, timeout_s, self.end, partial(clients.is_kafka_up, parts.admin))
            self._watched(Engine(self.spec, parts, watch), watch, is_over)

    def _watched(self, engine: Engine, watch: Watch, is_over: Callable[[], bool]) -> None:
        watch.start()
        collect_seldom()
        try:
            engine.start()
            self._engine = engine
            while not (self._stop.is_set() or is_over()):
                engine.turn()
            deadline = time.monotonic() + _WIND_DOWN_S
            while engine.wind_down() and time.monotonic() < deadline:
                engine.turn()
        finally:
            watch.stop()
            engine.stop()

    def _parts(self, slot: Slot, names: Names, loop: asyncio.AbstractEventLoop, channel: Channel | None) -> Parts:
        settings, stanza = self.settings, self.spec.stanza
        courier = LoopCourier(loop, channel, stanza.channel.timeout) if channel and stanza.channel else None
        member = clients.Member(names.group(stanza.group), slot.id)
        states = {derived.changelog(stanza.group): self.spec.state} if self.spec.state else {}
        largest = max(spec.max_bytes for spec in self.spec.topology.events.values())
        return Parts(
            consumer=clients.group_consumer(settings, member, self.idle_s, read_by(stanza)),
            producer=clients.transactional_producer(settings, member, largest),
            admin=clients.admin(settings),
            reader=lambda: clients.reader(settings),
            store=open_store(slot),
            clock=Clock(),
            codec=codec_of(settings, self.spec.topology, states),
            names=names,
            metrics=AppMetrics.of(stanza, settings.prefix),
            directory=slot.path,
            courier=courier,
            idle_s=self.idle_s,
        )


def _failed_too(done: "asyncio.Future[None]", beside: "asyncio.Task[None]") -> None:
    """What works beside the engine has ended: with a failure that is the app's."""
    if not beside.cancelled() and (failure := beside.exception()) is not None:
        _finish(done, failure)


def _finish(done: "asyncio.Future[None]", failure: BaseException | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
