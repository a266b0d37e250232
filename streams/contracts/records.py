"""Dataclasses to the rows that fastavro takes and back: the careful way, which names what is wrong."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from streams.contracts.varint import EPOCH, MILLISECOND

Row = dict[str, Any]


class WrongType(TypeError):
    """A field holds what its annotation does not allow; the message names record and field."""


@cache
def hints_of(record: type) -> dict[str, Any]:
    """The fields on the wire with their types; `time` is not among them."""
    hints = get_type_hints(record)
    return {f.name: hints[f.name] for f in fields(record) if f.name != "time"}


def has_time(record: type) -> bool:
    return any(f.name == "time" for f in fields(record))


def row(record: Any) -> Row:
    """The record as fastavro writes it; a time without zone is UTC. Raises WrongType."""
    kind: type = type(record)
    hints = hints_of(kind).items()
    return {field: down(hint, getattr(record, field), f"{kind.__name__}.{field}") for field, hint in hints}


def made(record: type, found: Row) -> Any:
    """The record of what fastavro read; raises TypeError where fields are missing."""
    return record(**{field: up(hint, found[field]) for field, hint in hints_of(record).items() if field in found})


def down(hint: Any, value: Any, where: str) -> Any:
    """One value as fastavro writes it; `where` is its name in a WrongType."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return None if value is None and NoneType in parts else down(_present(parts), value, where)
    wanted: Any = str if origin is Literal else origin or hint
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise WrongType(f"{where} is {type(value).__name__}, not {wanted.__name__}")
    if is_dataclass(wanted):
        return row(value)
    if origin is list:
        return [down(parts[0], part, where) for part in value]
    if origin is dict:
        return {down(parts[0], name, where): down(parts[1], part, where) for name, part in value.items()}
    return value.replace(tzinfo=UTC) if wanted is datetime and value.tzinfo is None else value


def up(hint: Any, value: Any) -> Any:
    """One value of what fastavro read."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return None if value is None else up(_present(parts), value)
    if is_dataclass(hint):
        return made(hint, value)  # type: ignore[arg-type]
    if origin is list:
        return [up(parts[0], part) for part in value]
    if origin is dict:
        return {name: up(parts[1], part) for name, part in value.items()}
    if hint is datetime and isinstance(value, int):  # fastavro gives a default as the schema has it
        return EPOCH + MILLISECOND * value
    return value


def _present(parts: tuple[Any, ...]) -> Any:
    return next(part for part in parts if part is not NoneType)
