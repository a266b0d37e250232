"""The map as values: what topology.yaml says, resolved to one stanza an app."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from streams.contracts.translation import Translation
from streams.domain.failure import Ladder
from streams.domain.waves import SagaPolicy

Kind = Literal["subscriber", "planner", "step", "saga", "partner", "inbound"]


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One topic that carries one record type; public events and internal command or step topics alike."""

    topic: str
    record: str
    key: str
    partitions: int
    retention: timedelta | None = timedelta(days=7)
    is_compacted: bool = False
    is_internal: bool = False
    is_partner_own: bool = False
    max_bytes: int = 1_048_588
    owner: str = ""
    translation: Translation | None = None  # of a partner's own topic; without one the whole event leaves


@dataclass(frozen=True, slots=True)
class Source:
    """A topic that an app reads; `start` is for event topics new to its group."""

    event: EventSpec
    start: Literal["beginning", "now"] = "beginning"
    is_own: bool = False  # a partner's own topic: read for delivery, not for translation

    @property
    def topic(self) -> str:
        return self.event.topic


@dataclass(frozen=True, slots=True)
class Channel:
    """How a partner or a context's broker is reached: `kind` names the file, `options` are that transport's own."""

    kind: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout: timedelta = timedelta(seconds=10)
    concurrency: int = 100
    rate: float | None = None  # deliveries a second, by all workers together
    opens_after: int = 3
    probe_every: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Stanza:
    """One app: one consumer group with its sources, its ladder and what its kind needs."""

    group: str
    kind: Kind
    sources: tuple[Source, ...]
    ladder: Ladder
    partitions: int
    order: Literal["key", "none"] = "key"
    deadline: timedelta | None = None  # an event older than this does not reach the partner any more
    dedupe: timedelta | None = None  # for so long an event that is done is known by its id
    owner: str = ""
    max_waiting_bytes: int = 67_108_864
    handler_timeout: timedelta = timedelta(seconds=30)
    policy: SagaPolicy | None = None
    channel: Channel | None = None
    upstream: Channel | None = None  # of an inbound app: where its messages come from
    admits: tuple[EventSpec, ...] = ()  # and what they may be
    plan: tuple[str, ...] = ()
    plan_by_priority: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topology:
    """The whole map, checked."""

    events: Mapping[str, EventSpec]
    stanzas: Mapping[str, Stanza]
    max_clock_skew: timedelta = timedelta(milliseconds=250)
    replication: int = -1  # the broker's default

    def topics_of(self, record: str) -> tuple[EventSpec, ...]:
        """Every topic that carries this record type."""
        return tuple(spec for spec in self.events.values() if spec.record == record)
