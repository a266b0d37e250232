"""A made-up event of a schema, to try an expression on."""

from datetime import UTC, datetime
from typing import Any

from streams.contracts.schema_paths import Schema, blank, fields_of

_SAMPLES: dict[str, Any] = {"string": "1", "bytes": "1", "boolean": True, "float": 1.0, "double": 1.0, "null": None}


def sample(schema: Schema) -> Any:
    """A row with something in every field, for a schema whose names are all defined."""
    if isinstance(schema, list):
        return sample(next((branch for branch in schema if branch != "null"), "null"))
    if isinstance(schema, str):
        return _SAMPLES.get(schema, 1)
    if str(schema.get("logicalType", "")).startswith("timestamp"):
        return datetime(2026, 11, 22, tzinfo=UTC)
    match schema["type"]:
        case "record":
            return {name: sample(field["type"]) for name, field in fields_of(schema).items()}
        case "array":
            return [sample(schema["items"])]
        case "map":
            return {"1": sample(schema["values"])}
        case "enum" | "fixed":
            return blank(schema)
        case kind:
            return sample(kind)
