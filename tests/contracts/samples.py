"""Any record of any schema, for property tests; and a codec over all of schemas/."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from hypothesis import strategies as st

from streams.contracts.codec import Codec
from streams.contracts.names import Names
from streams.contracts.records import hints_of
from streams.contracts.registry import InMemory, Schema
from streams.contracts.schema_files import load
from streams.domain import commands, events
from streams.domain.events import Event
from streams.domain.lead_state import LeadState

SCHEMAS = load(Path(__file__).parents[2] / "schemas")
APPENDED = datetime(2026, 11, 22, 14, 3, 5, 120_000, UTC)
KNOWN = vars(events) | vars(commands)
EVENTS = [cls for cls in KNOWN.values() if isinstance(cls, type) and issubclass(cls, Event) and cls is not Event]
RECORDS: list[type] = [*EVENTS, LeadState]
TYPES: dict[str, type] = {cls.__name__: cls for cls in RECORDS}
LONGS = st.one_of(st.integers(-70, 9000), st.integers(-(2**63), 2**63 - 1))
TEXTS = st.one_of(st.text(max_size=80), st.text("ab", min_size=60, max_size=200))
TIMES = st.integers(-62_135_596_800_000, 253_402_300_799_999).map(
    lambda ms: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
)


def codec(**changed: Schema) -> tuple[Codec, InMemory]:
    """A codec whose topics are the records' own names; `changed` are schemas to read with, by record."""
    registry = InMemory()
    registry.register({f"{name}-value": SCHEMAS[name] for name in TYPES})
    return Codec(registry, Names(), {name: SCHEMAS[name] for name in TYPES} | changed, TYPES), registry


def any_record() -> st.SearchStrategy[Any]:
    return st.sampled_from(RECORDS).flatmap(lambda cls: made(cls, SCHEMAS[cls.__name__]))


def made(cls: type, schema: Schema) -> st.SearchStrategy[Any]:
    hints = hints_of(cls)
    parts = {field["name"]: value(field["type"], hints[field["name"]]) for field in schema["fields"]}
    return st.builds(cls, **parts)


def value(schema: Schema, hint: Any) -> st.SearchStrategy[Any]:
    """Any value of this schema as its class has it."""
    if isinstance(schema, list):
        present = next(part for part in get_args(hint) if part is not NoneType)
        return st.one_of(st.none(), value(next(part for part in schema if part != "null"), present))
    if isinstance(schema, str):
        return {"string": TEXTS, "long": LONGS, "boolean": st.booleans()}[schema]
    if schema["type"] == "record":
        return made(hint, schema)
    if schema["type"] == "array":
        return st.lists(value(schema["items"], get_args(hint)[0]), max_size=4)
    return st.sampled_from(schema["symbols"]) if schema["type"] == "enum" else TIMES
