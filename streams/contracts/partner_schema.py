"""A partner's own contract of an event: the schema that its stanza's `fields` make of the event's."""

import re
from typing import Any

from streams.contracts.schema_paths import Schema, blank, defined, field_at
from streams.contracts.translation import Field

_TYPES = {"timestamp": {"type": "long", "logicalType": "timestamp-millis"}}
DEADLINE = "expires_at"


def partner_schema(event: Schema, fields: tuple[Field, ...], partner: str, topic: str) -> Schema:
    """The event's record in a namespace of the partner's, with what is named, in that order.

    Every field has a default, so that `fields` may gain and lose names: what waits already has those that are new.
    `mapped_from` says what each was: the event's topic, a path; `mapped_by` the expression that made it.
    """
    whole = defined(event)
    found = {"type": "record", "name": event["name"], "namespace": namespace(partner), "mapped_from": topic}
    found |= {"doc": event["doc"]} if "doc" in event else {}
    return found | {"fields": [_field(whole, field) for field in fields]}


def namespace(partner: str) -> str:
    """The partner's name as Avro can have it."""
    parts = (re.sub(r"\W", "_", part, flags=re.ASCII) for part in partner.split("."))
    return ".".join(f"_{part}" if not part or part[0].isdigit() else part for part in parts)


def is_mapped(schema: Schema) -> bool:
    return isinstance(schema, dict) and "mapped_from" in schema


def _field(event: Schema, field: Field) -> dict[str, Any]:
    if field.cel:
        kind = _TYPES.get(field.type, field.type)
        return {"name": field.name, "type": kind, "default": blank(kind), "mapped_by": field.cel}
    of = field_at(event, field.path)
    marks: dict[str, Any] = {mark: of[mark] for mark in ("doc", "pii") if mark in of}
    return {"name": field.name, "type": of["type"], "default": blank(of["type"]), **marks, "mapped_from": field.path}
