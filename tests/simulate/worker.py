"""One worker of the simulation: the real engine, with a clock of its own and a disk that may be slow."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from confluent_kafka import KafkaException

from streams.contracts.names import Names
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.engine import Engine
from streams.runtime.parts import Clock, Parts
from streams.runtime.spec import AppSpec
from streams.runtime.store import Position
from streams.testing.clock import VirtualClock
from streams.testing.cluster import Cluster
from streams.testing.process import Process
from streams.testing.store import MemoryStore
from streams.testing.watch import VirtualWatch
from tests.simulate.apps import codec
from tests.simulate.partner import Courier

IDLE_S = 5.0  # an engine looks at everything that often, whether or not it was told of news
_READING = timedelta(milliseconds=50)
_AN_ANSWER = timedelta(milliseconds=5)  # an engine that waits for a partner looks that often


class OwnClock(Clock):
    """A host's clock, wrong by `skew`, which may change."""

    def __init__(self, cluster: VirtualClock, sleep: Callable[[float], None]) -> None:
        self._cluster, self.skew = cluster, timedelta(0)
        self.sleep = sleep  # type: ignore[assignment,method-assign]
        self.monotonic = cluster.monotonic

    def now(self) -> datetime:
        return self._cluster.now() + self.skew


class Disk:
    """The store as its process writes it: a write may be the last thing that it does, before it or after it."""

    def __init__(self, store: MemoryStore, process: Process) -> None:
        self._store, self._process = store, process

    def get(self, partition: int, key: bytes) -> bytes | None:
        return self._store.get(partition, key)

    def scan(self, partition: int, prefix: bytes, begin: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        return self._store.scan(partition, prefix, begin)

    def write(self, partition: int, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        self._process.ask("store.write", "before")
        self._store.write(partition, changes, position)
        self._process.ask("store.write", "after")

    def position(self, partition: int) -> Position | None:
        return self._store.position(partition)

    def wipe(self, partition: int) -> None:
        self._store.wipe(partition)

    def close(self) -> None:
        pass


class Host(Protocol):
    """What a worker runs on."""

    @property
    def cluster(self) -> Cluster: ...
    def sleep(self, seconds: float) -> None: ...
    def cut(self) -> int: ...


class Worker:
    """`turn` is one turn of the engine; `wakes_at` says when its poll would be over."""

    def __init__(
        self, host: Host, spec: AppSpec, slot: str, store: MemoryStore, courier: Courier | None
    ) -> None:  # fmt: skip
        member = f"{spec.group}-{slot}"
        cluster, self._cut = host.cluster, host.cut
        self.process, self.clock, self._courier = Process(member), OwnClock(cluster.clock, host.sleep), courier
        self._cluster = cluster
        self.consumer: Any = cluster.consumer(self.process, spec.group, instance=member)
        self._trim(self.consumer)
        directory = Path("/nonexistent") / member  # handlers that hang need it only
        watch = VirtualWatch(cluster.clock, directory, self.process)
        parts = Parts(
            consumer=self.consumer, producer=cluster.producer(self.process, member), admin=cluster.admin(self.process),
            reader=self._reader, store=Disk(store, self.process), clock=self.clock,
            codec=codec(spec.stanza.partitions), names=Names(), metrics=_metrics(spec), directory=directory,
            courier=courier, idle_s=IDLE_S,
        )  # fmt: skip
        self.engine = Engine(spec, parts, watch)
        self.patient_until = cluster.clock.now()

    @property
    def is_member(self) -> bool:
        """Its group has not replaced it while it slept."""
        try:
            self.consumer._joining.group.check(self.consumer._joining.metadata)
        except KafkaException:
            return False
        return True

    def turn(self) -> None:
        self.engine.turn()
        now = self._cluster.clock.now()
        self.patient_until = now + timedelta(seconds=self.engine.patience_s)
        if self.engine._membership.remaining:
            self.patient_until = now + _READING  # what is undecided in the changelog is waited for inside a turn
        if self._courier is not None and now < self.patient_until < now + _AN_ANSWER:
            self.patient_until = max(self.patient_until, self._courier.next_at or now)

    def _reader(self) -> Any:
        reader = self._cluster.reader(self.process)
        self._trim(reader)
        return reader

    def _trim(self, consumer: Any) -> None:
        """A fetch, and what a call hands out, is as short as the seed says."""
        consume = consumer.consume
        consumer.fetching.limit = self._cut
        consumer.consume = lambda number, timeout: consume(min(number, max(1, self._cut())), timeout)


_reports: dict[str, AppMetrics] = {}


def _metrics(spec: AppSpec) -> AppMetrics:
    if spec.group not in _reports:
        _reports[spec.group] = AppMetrics.of(spec.stanza)
    return _reports[spec.group]
