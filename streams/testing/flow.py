"""Apps of a map on a Kafka in memory: send events, move the clock, read what came out."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from streams.contracts import names as derived
from streams.contracts.codec import Codec
from streams.contracts.envelope import Cause, outgoing
from streams.contracts.registry import InMemory
from streams.contracts.topics import topics
from streams.contracts.topology import Topology
from streams.domain.events import Event
from streams.runtime.courier import LoopCourier
from streams.runtime.spec import AppSpec, Channel
from streams.testing.clock import VirtualClock
from streams.testing.cluster import Cluster
from streams.testing.courier import StillCourier
from streams.testing.log import Stored
from streams.testing.process import Process
from streams.testing.store import MemoryStore
from streams.testing.worker import Seat, Worker, codec_of

AT_REST = timedelta(milliseconds=500)
TURNS = 100_000  # without time passing: nobody is that busy


class Flow:
    """`apps` are what `build` returns, or their specs, one worker each; `channels` stand for partners by name."""

    def __init__(self, *apps: Any, channels: Mapping[str, Channel] | None = None) -> None:
        specs: list[AppSpec] = [getattr(app, "spec", app) for app in apps]
        self.topology: Topology = specs[0].topology
        self.clock = VirtualClock()
        self.cluster = Cluster(self.clock)
        for spec in topics(self.topology, has_registry=True):
            self.cluster.create(spec.name, spec.partitions, spec.config)
        self._registry = InMemory()
        self.codec: Codec = codec_of(self._registry, self.topology, specs)
        self._outside = self.cluster.producer(Process("outside"))
        self._left = ExitStack()
        self._home = Path(self._left.enter_context(tempfile.TemporaryDirectory()))
        self._channels = channels or {}
        self.workers = [self.worker(spec) for spec in specs]
        self.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.stop()
        self._left.close()

    def worker(self, spec: AppSpec, slot: str = "0") -> Worker:
        """One more worker of this app, started."""
        directory = self._home / f"{spec.group}-{slot}"
        directory.mkdir()
        seat = Seat(slot, MemoryStore(), directory, self._courier(spec))
        worker = Worker(self.cluster, spec, self._registry, seat)
        worker.start()
        return worker

    def send(self, *records: Event) -> None:
        """Each to the topic of the map that carries it, as the world outside does."""
        for record in records:
            found = self.topology.topics_of(type(record).__name__)
            (spec,) = (each for each in found if not (each.is_internal or each.is_partner_own))
            key = str(getattr(record, spec.key)).encode()
            value = self.codec.encode(spec.topic, record)
            cause = Cause(f"{spec.topic}:{key.decode()}", key.decode(), None, self.clock.now())
            self._outside.produce(spec.topic, value, key, headers=outgoing(cause, "test", 0, spec.topic))
        self._outside.flush()

    def settle(self) -> None:
        """Until nobody has anything to do before half a second has passed."""
        self._run(lambda wakes: wakes - self.clock.now() <= AT_REST)

    def advance(self, by: timedelta) -> None:
        """What is due on the way happens when it is due."""
        end = self.clock.now() + by
        self._run(lambda wakes: wakes <= end)
        self.clock.advance_to(end)
        self.settle()

    def records(self, topic: str) -> list[Stored]:
        """Every committed record, each partition in its order."""
        logs = self.cluster.topics.by_name[topic].logs
        return [stored for log in logs for stored in log.read(log.start, log.stable_end)]

    def events(self, topic: str) -> list[Any]:
        """Every committed record, decoded."""
        return [self._decode(topic, stored) for stored in self.records(topic) if stored.value is not None]

    def state(self, app: str, key: str) -> Any | None:
        """What a `decide` app remembers of this key, as its changelog has it."""
        topic, wanted = derived.changelog(app), b"state\0" + key.encode()
        found = [stored for stored in self.records(topic) if stored.key == wanted]
        return self._decode(topic, found[-1]) if found and found[-1].value is not None else None

    def _run(self, is_soon: Callable[[datetime], bool]) -> None:
        turns = 0
        while True:
            wakes, worker = min(((each.wakes_at, n) for n, each in enumerate(self.workers)))
            alarm = self.clock.next_alarm
            if not is_soon(wakes if alarm is None else min(wakes, alarm)):
                return
            if wakes > self.clock.now():
                turns = 0
                self.clock.advance_to(wakes if alarm is None else min(wakes, alarm))
                continue
            turns += 1
            assert turns < TURNS, "an engine is busy without end"
            self.workers[worker].turn()
            self.workers.append(self.workers.pop(worker))

    def _courier(self, spec: AppSpec) -> LoopCourier | None:
        channel = self._channels.get(spec.group)
        if channel is None or spec.stanza.channel is None:
            return None
        courier = StillCourier(channel, spec.stanza.channel.timeout)
        self._left.callback(courier.close)
        return courier

    def _decode(self, topic: str, stored: Stored) -> Any:
        assert stored.value is not None
        return self.codec.decode(topic, stored.value, datetime.fromtimestamp(stored.time_ms / 1000, UTC))

