"""What the topics hold, in the order of their logs, and the same by lead."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from streams.contracts import names
from streams.contracts.topology import Topology
from streams.domain.events import (
    Event,
    LeadAccepted,
    LeadCancelled,
    LeadExpired,
    OrderCancelled,
    OrderPlaced,
)
from streams.domain.waves import SagaPolicy

Place = tuple[str, int, int]  # logical topic, partition, offset
R = TypeVar("R", bound=Event | None, covariant=True)
E = TypeVar("E", bound=Event)
Ending = LeadAccepted | LeadExpired | LeadCancelled


@dataclass(frozen=True, slots=True)
class Fact(Generic[R]):
    """One committed record. `id` is its ce_id, or topic-partition-offset; `time` its append time.

    `source` is the group that wrote it and `cause` the id of the record that it followed from, where it says so.
    `record` is None where it says nothing about leads, or cannot be decoded.
    """

    topic: str
    partition: int
    offset: int
    time: datetime
    key: str
    id: str
    record: R
    source: str | None = None
    cause: str | None = None

    @property
    def place(self) -> Place:
        return self.topic, self.partition, self.offset

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


@dataclass(frozen=True, slots=True)
class Letter:
    """One record in a group's dead letters; `place` is where the record itself came from."""

    group: str
    place: Place
    key: str


@dataclass(slots=True)
class Case:
    """All that was said about one lead, by record type, each in the order of the log."""

    lead_id: str
    said: dict[type[Event], list[Fact[Any]]] = field(default_factory=lambda: defaultdict(list))

    def of(self, kind: type[E]) -> list[Fact[E]]:
        return cast("list[Fact[E]]", self.said.get(kind, []))

    @property
    def ends(self) -> Sequence[Fact[Ending]]:
        return [*self.of(LeadAccepted), *self.of(LeadExpired), *self.of(LeadCancelled)]

    def __str__(self) -> str:
        return self.lead_id


@dataclass
class History:
    """`facts` hold each partition in its order. `taken` are the message ids that each partner took, in its order.

    A partner that `taken` does not name could not be asked.
    """

    topology: Topology
    facts: Sequence[Fact[Event | None]]
    letters: Sequence[Letter] = ()
    taken: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def cases(self) -> dict[str, Case]:
        cases: dict[str, Case] = {}
        for fact in self.facts:
            if fact.record is not None:
                lead = lead_of(fact.record)
                cases.setdefault(lead, Case(lead)).said[type(fact.record)].append(fact)
        return cases

    @cached_property
    def by_topic(self) -> dict[str, list[Fact[Event | None]]]:
        found: dict[str, list[Fact[Event | None]]] = defaultdict(list)
        for fact in self.facts:
            found[fact.topic].append(fact)
        return found

    @cached_property
    def policy(self) -> SagaPolicy:
        return next(stanza.policy for stanza in self.topology.stanzas.values() if stanza.policy is not None)

    def dead(self, groups: Iterable[str]) -> set[Place]:
        """Where records came from that ever were in the dead letters of these groups, replayed since or not."""
        wanted = set(groups)
        return {letter.place for letter in self.letters if letter.group in wanted}

    def groups(self, *kinds: str) -> Iterator[str]:
        return (stanza.group for stanza in self.topology.stanzas.values() if stanza.kind in kinds)


def lead_of(record: Event) -> str:
    """The lead that a record speaks of."""
    if isinstance(record, OrderPlaced | OrderCancelled):
        return names.lead_id(record.order_id)
    return str(cast(Any, record).lead_id)
