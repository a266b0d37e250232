"""Apps of a map on a Kafka in memory: send events, move the clock, read what came out."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from streams.contracts import names as derived
from streams.contracts.codec import Codec
from streams.contracts.envelope import Cause, outgoing
from streams.contracts.facts import Facts, facts_of
from streams.contracts.headers import Headers
from streams.contracts.registry import InMemory
from streams.contracts.topics import topics
from streams.contracts.topology import EventSpec, Topology
from streams.domain.events import Event
from streams.runtime.spec import AppSpec, Channel
from streams.testing.apps import spec_of
from streams.testing.clock import VirtualClock
from streams.testing.cluster import Cluster
from streams.testing.courier import StillCourier
from streams.testing.log import Stored
from streams.testing.process import Process
from streams.testing.rounds import run_while
from streams.testing.seats import Seat
from streams.testing.worker import Worker, codec_of

AT_REST = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What gave up, and why; `event` is the record as its app knows it, None where it cannot be decoded."""

    facts: Facts
    key: str | None
    event: Any


class Flow:
    """One worker for each of `apps`, which are named by the map's name, by what `build` returned, or by their spec.

    `channels` stand for partners by their name: objects with `async deliver(message)` and `async close()`.
    """

    def __init__(self, *apps: str | Any, channels: Mapping[str, Channel] | None = None) -> None:
        self._specs: dict[str, AppSpec] = {spec.group: spec for spec in map(spec_of, apps)}
        self._channels = channels or {}
        silent = [name for name, spec in self._specs.items() if spec.stanza.channel and name not in self._channels]
        assert not silent, f"pass channels={{'{silent[0]}': …}}, which stands for that partner"
        self.topology: Topology = next(iter(self._specs.values())).topology
        self.clock = VirtualClock()
        self.cluster = Cluster(self.clock)
        for topic in topics(self.topology, has_registry=True):
            self.cluster.create(topic.name, topic.partitions, topic.config)
        self.codec: Codec = codec_of(registry := InMemory(), self.topology, self._specs.values())
        self._registry = registry
        self._outside = self.cluster.producer(Process("outside"), None)
        self._sent = 0
        self._left = ExitStack()
        home = Path(self._left.enter_context(tempfile.TemporaryDirectory()))
        self._seats = {group: Seat("0", home / group) for group in self._specs}
        self._running: dict[str, Worker] = {}
        self.start(*self._specs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(*self._running)
        self._left.close()

    def send(self, *records: Event) -> None:
        """Each to the topic of the map that carries it, as the world outside does; twice is two records."""
        for record in records:
            spec = self._topic_of(record)
            key, value = str(getattr(record, spec.key)), self.codec.encode(spec.topic, record)
            self._sent += 1
            cause = Cause(f"outside-{self._sent}", f"outside-{self._sent}", None, self.clock.now())
            self._outside.produce(spec.topic, value, key, headers=outgoing(cause, "outside", 0, spec.topic))
        self._outside.flush()

    def write(
        self, topic: str, value: bytes | None, key: bytes | None, partition: int = -1, headers: Headers = ()
    ) -> None:
        """Raw bytes, as somebody writes who does not know the contract."""
        self._outside.produce(topic, value, key, partition, headers=list(headers))
        self._outside.flush()

    def settle(self) -> None:
        """Until nobody has anything to do within the next half second."""
        run_while(self.clock, self._running, lambda wakes: wakes - self.clock.now() <= AT_REST)

    def advance(self, by: timedelta) -> None:
        """What is due on the way happens when it is due; then `settle`."""
        end = self.clock.now() + by
        run_while(self.clock, self._running, lambda wakes: wakes <= end)
        self.clock.advance_to(end)
        self.settle()

    def start(self, *apps: str) -> None:
        """Again, or for the first time; with the state directory that the last worker left."""
        for app in apps:
            spec, seat = self._specs[app], self._seats[app]
            seat.directory.mkdir(exist_ok=True)
            seat.courier = self._courier(spec)
            self._running[app] = Worker(self.cluster, spec, self._registry, seat)
            self._running[app].start()
        self.settle()

    def stop(self, *apps: str) -> None:
        """In good order."""
        for app in apps:
            self._running.pop(app).stop()

    def kill(self, *apps: str, at: str = "") -> None:
        """Between two turns, or in the middle of one: `at="before producer.commit_transaction"`, or `after` it."""
        for app in apps:
            if at:
                self._running[app].process.kill_at(at)
            else:
                self._running.pop(app).process.kill()

    def freeze(self, app: str, at: str, during: timedelta) -> None:
        """Its whole process stands still at that moment, as under SIGSTOP, while time goes on."""
        self._running[app].process.freeze_at(at, partial(self.clock.sleep, during.total_seconds()))

    def is_running(self, app: str) -> bool:
        return app in self._running

    def records(self, topic: str) -> list[Stored]:
        """Every committed record, each partition in its order."""
        logs = self.cluster.topics.by_name[topic].logs
        return [stored for log in logs for stored in log.read(log.start, log.stable_end)]

    def events(self, topic: str) -> list[Any]:
        """Every committed record, decoded; `time` is when it was appended."""
        return [self._decode(topic, stored) for stored in self.records(topic) if stored.value is not None]

    def dead_letters(self, app: str) -> list[DeadLetter]:
        """Everything that this app has given up, replayed or not."""
        return [self._letter(stored) for stored in self.records(derived.dead(app))]

    def state(self, app: str, key: str) -> Any | None:
        """What a `decide` app remembers of this key, as its changelog has it."""
        topic, wanted = derived.changelog(app), b"state\0" + key.encode()
        found = [stored for stored in self.records(topic) if stored.key == wanted]
        return self._decode(topic, found[-1]) if found and found[-1].value is not None else None

    def _topic_of(self, record: Event) -> EventSpec:
        found = [
            spec
            for spec in self.topology.topics_of(type(record).__name__)
            if not (spec.is_internal or spec.is_partner_own)
        ]
        assert len(found) == 1, f"{len(found) or 'no'} topics of the map carry {type(record).__name__}; one is needed"
        return found[0]

    def _courier(self, spec: AppSpec) -> StillCourier | None:
        if spec.stanza.channel is None:
            return None
        courier = StillCourier(self._channels[spec.group], spec.stanza.channel.timeout)
        self._left.callback(courier.close)
        return courier

    def _letter(self, stored: Stored) -> DeadLetter:
        facts = facts_of(stored.headers or [])
        assert facts is not None
        is_readable = facts.stage != "decode" and stored.value is not None
        event = self._decode(facts.topic, stored) if is_readable else None
        return DeadLetter(facts, None if stored.key is None else stored.key.decode(errors="replace"), event)

    def _decode(self, topic: str, stored: Stored) -> Any:
        assert stored.value is not None
        return self.codec.decode(topic, stored.value, datetime.fromtimestamp(stored.time_ms / 1000, UTC))
