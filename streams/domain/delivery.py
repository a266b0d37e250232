"""What a partner channel is handed: one event in the partner's own contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from streams.domain.events import Event


@dataclass(frozen=True, slots=True)
class Delivery:
    """`id` is the record's ce_id, the same on every attempt; `type` the event's logical topic, `time` its append time.

    `fields` is the record as JSON-able values, `raw` and `headers` are the record's own bytes.
    """

    id: str
    type: str
    time: datetime
    key: str | None
    record: Event
    fields: Mapping[str, Any]
    raw: bytes
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(slots=True, kw_only=True)
class Mapped(Event):
    """An event in a partner's own words: what its stanza names, under the names that it gives.

    `expires_at` is there where one of the fields is the event's.
    """

    fields: dict[str, Any]
    expires_at: datetime = field(init=False, repr=False, compare=False)
