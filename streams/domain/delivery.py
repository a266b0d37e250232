"""What a partner channel is handed: one event in the partner's own contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
