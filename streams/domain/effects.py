"""What a handler may ask for; the runtime performs it inside the transaction of the batch."""

from dataclasses import dataclass
from datetime import datetime

from streams.domain.events import Event


@dataclass(frozen=True, slots=True)
class Publish:
    """Write `record` to its topic: `to`, or the one topic of the map that carries this record type.

    The key is the record's key field of the map unless `key` names another. What has been somewhere else before keeps
    the `id` that it has there, and its `causation` if it has one; any other gets an id that its cause determines.
    """

    record: Event
    to: str | None = None
    key: str | None = None
    id: str | None = None
    causation: str | None = None


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Wake this key at `due`; the same name set again moves the timer. `wave` tells its occurrences apart."""

    name: str
    due: datetime
    wave: int = 0


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget this key's timer of that name; none set is no error."""

    name: str


Effect = Publish | SetTimer | CancelTimer
