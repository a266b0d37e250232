"""What the engine is told of one app: its stanza and its handlers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from streams.contracts.topology import Stanza, Topology
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.events import Event
from streams.domain.received import Received

GiveUp = Callable[[Event, str], Iterable[Effect]]


class Channel(Protocol):
    """The third handler shape. `deliver` raises Unreachable, Gone, or any other exception, which climbs the ladder."""

    async def deliver(self, message: Delivery) -> Iterable[Effect]: ...

    async def close(self) -> None: ...


class Receiver(Protocol):
    """What brings messages in from outside; see streams/receivers."""

    async def receive(self, at_most: int) -> Sequence[Received]: ...

    async def acknowledge(self, received: Sequence[Received]) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class AppSpec:
    """`react` or `decide` handles the sources; `connect` opens the channel for a partner's own topics, or raises Stop.

    `receive` opens what an inbound app takes in, or raises Stop.
    `state` is the record of `decide`. `tables` names the read-only tables of `react`: keyword → compacted topic.
    `give_up` says what a buried record of this app still causes.
    """

    topology: Topology
    stanza: Stanza
    react: Callable[..., Iterable[Effect]] | None = None
    decide: Callable[..., tuple[Any, Iterable[Effect]]] | None = None
    connect: Callable[[], Channel] | None = None
    receive: Callable[[], Receiver] | None = None
    state: type | None = None
    tables: Mapping[str, str] = field(default_factory=dict)
    give_up: GiveUp | None = None

    @property
    def group(self) -> str:
        return self.stanza.group
