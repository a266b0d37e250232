"""Records in a partner's own words to the rows that fastavro takes and back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Optional, Union, get_args, get_origin

from streams.contracts.partner_schema import DEADLINE
from streams.contracts.records import Row, down, hints_of, up
from streams.contracts.registry import Schema
from streams.contracts.schema_paths import fields_of
from streams.domain.delivery import Mapped

_OF_CEL: dict[str, Any] = {"string": str, "long": int, "double": float, "boolean": bool}


def shape(schema: Schema, types: Mapping[str, Any]) -> tuple[Callable[[Row], Mapped], Callable[[Mapped], Row]]:
    """How such a record is made of a row, and a row of it; `types` has the class of the event that it was.

    The second raises WrongType.
    """
    hints = {name: _hint(field, types[schema["name"]]) for name, field in fields_of(schema).items()}
    deadline = next((field["name"] for field in schema["fields"] if field.get("mapped_from") == DEADLINE), None)

    def made(row: Row) -> Mapped:
        found = Mapped(fields={name: up(hint, row[name]) for name, hint in hints.items()})
        if deadline is not None and found.fields[deadline] is not None:
            found.expires_at = found.fields[deadline]
        return found

    def row(record: Mapped) -> Row:
        where = schema["name"]
        known = {name: hint for name, hint in hints.items() if name in record.fields}
        return {name: down(hint, record.fields[name], f"{where}.{name}") for name, hint in known.items()}

    return made, row


def _hint(field: Mapping[str, Any], event: type) -> Any:
    """The type of the path's end in the event's class; an expression's is its field's."""
    if "mapped_from" in field:
        return _below(event, field["mapped_from"].split("."))
    return _OF_CEL[field["type"]] if isinstance(field["type"], str) else datetime


def _below(hint: Any, names: list[str]) -> Any:
    if not names:
        return hint
    origin, parts = get_origin(hint), get_args(hint)
    if origin is list:
        return list[_below(parts[0], names)]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return Optional[_below(next(part for part in parts if part is not NoneType), names)]  # noqa: UP045
    return _below(hints_of(hint)[names[0]], names[1:])
