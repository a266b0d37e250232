"""What comes in from a context's own broker or database, before and after it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.domain.events import Event


class ReceiverDown(Exception):
    """The other side does not answer, or does not let us in; trying again later is right. The message says why."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message as its transport gives it. `id` and `type` may be empty where only the body tells them.

    `key` is the transport's own, if it has one. `attributes` are texts under CloudEvents' names (correlationid,
    causationid, traceparent, partitionkey …). `receipt` is what `acknowledge` needs, nobody else's business.
    """

    id: str
    type: str
    key: str | None
    body: bytes
    content_type: str
    receipt: Any = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Arrival(Event):
    """A message that has been read: the event or command it is, the topic it goes to, its own id and its cause's."""

    id: str | None
    topic: str
    record: Event
    causation: str | None = None
