"""Dataclasses to the plain rows that fastavro takes and back; one converter a class, made once."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Row = dict[str, Any]
Convert = Callable[[Any], Any]


class WrongType(TypeError):
    """A field holds what its annotation does not allow; the message names record and field."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How one class stands in Avro. `time` is never on the wire."""

    record: type
    names: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    kinds: tuple[type, ...]
    allowed: tuple[tuple[type, ...], ...]
    down: tuple[tuple[str, Convert], ...]
    up: tuple[tuple[str, Convert], ...]
    has_time: bool

    def row(self, record: Any) -> Row:
        """The record as fastavro writes it; raises WrongType."""
        values = self.values(record)
        if tuple(map(type, values)) != self.kinds:
            self.refuse(values)
        row = dict(zip(self.names, values, strict=True))
        for name, convert in self.down:
            row[name] = convert(row[name])
        return row

    def made(self, row: Row) -> Any:
        """The record of what fastavro read; `row` is used up."""
        for name, convert in self.up:
            row[name] = convert(row[name])
        return self.record(**row)

    def refuse(self, values: tuple[Any, ...]) -> None:
        for name, value, allowed in zip(self.names, values, self.allowed, strict=True):
            if not isinstance(value, allowed) or isinstance(value, bool) and bool not in allowed:
                wanted = " or ".join(kind.__name__ for kind in allowed)
                raise WrongType(f"{self.record.__name__}.{name} is {type(value).__name__}, not {wanted}")


@cache
def shape_of(record: type) -> Shape:
    """The shape of a dataclass: str, int, float, bool, bytes, datetime, dataclasses; lists, dicts and `| None` of these."""
    hints = {f.name: get_type_hints(record)[f.name] for f in fields(record)}
    has_time = hints.pop("time", None) is not None
    names = tuple(hints)
    allowed = tuple(_kinds(hint) for hint in hints.values())
    return Shape(
        record,
        names,
        attrgetter(*names) if len(names) > 1 else _single(names[0]),
        tuple(kinds[0] for kinds in allowed),
        allowed,
        tuple((name, convert) for name, hint in hints.items() if (convert := _down(hint))),
        tuple((name, convert) for name, hint in hints.items() if (convert := _up(hint))),
        has_time,
    )


def defaults(record: type) -> set[str]:
    """The fields that need not be given."""
    return {f.name for f in fields(record) if f.default is not MISSING or f.default_factory is not MISSING}


def _single(name: str) -> Callable[[Any], tuple[Any, ...]]:
    get = attrgetter(name)
    return lambda record: (get(record),)


def _kinds(hint: Any) -> tuple[type, ...]:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return tuple(kind for part in get_args(hint) for kind in _kinds(part))
    if origin is Literal:
        return (str,)
    return (origin or hint,)


def _down(hint: Any) -> Convert | None:
    if hint is datetime:
        return _in_utc
    return _through(hint, _down, lambda record: shape_of(record).row)


def _up(hint: Any) -> Convert | None:
    return _through(hint, _up, lambda record: shape_of(record).made)


def _through(hint: Any, inner: Callable[[Any], Convert | None], whole: Callable[[type], Convert]) -> Convert | None:
    """The converter of a container or a record, None where the value passes as it is."""
    if is_dataclass(hint):
        return whole(hint)  # type: ignore[arg-type]
    parts = [part for part in get_args(hint) if part not in (NoneType, Ellipsis)]
    convert = inner(parts[-1]) if parts and get_origin(hint) is not Literal else None
    if convert is None:
        return None
    if get_origin(hint) is list:
        return lambda values: [convert(value) for value in values]
    if get_origin(hint) is dict:
        return lambda values: {name: convert(value) for name, value in values.items()}
    return lambda value: None if value is None else convert(value)


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
