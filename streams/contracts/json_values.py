"""A record as JSON values: what a partner without Avro is sent."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from streams.contracts.envelope import instant
from streams.domain.delivery import Mapped


def as_json(value: Any) -> Any:
    """Nested records as objects, instants as ISO 8601 in UTC with milliseconds; `time` is not on the wire."""
    if isinstance(value, Mapped):
        return {name: as_json(part) for name, part in value.fields.items()}
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value) if field.name != "time"}
    if isinstance(value, datetime):
        return instant(value)
    return [as_json(part) for part in value] if isinstance(value, list) else value
