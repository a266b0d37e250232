"""JSON values to records, checked field by field: what people and other systems write who know no Avro."""

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from streams.contracts.records import hints_of

_SAID = {
    str: "a text", int: "a whole number", bool: "true or false", float: "a number", list: "a list", dict: "an object",
}  # fmt: skip


class Malformed(ValueError):
    """A value is not what its field needs."""


def from_json(wanted: type, document: Any) -> Any:
    """The record of class `wanted` that a JSON object stands for; fields it does not know are ignored.

    Raises Malformed, which names the first field that is wrong.
    """
    return _converted(wanted, document, "")


def _converted(wanted: Any, value: Any, where: str) -> Any:
    origin, parts = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        present = next(part for part in parts if part is not NoneType)
        return None if value is None and NoneType in parts else _converted(present, value, where)
    if is_dataclass(wanted):
        return _dataclass(wanted, value, where)
    if origin is list:
        return [_converted(parts[0], each, f"{where}[{at}]") for at, each in enumerate(_a(list, value, where))]
    if origin is dict:
        given = _a(dict, value, where)
        return {name: _converted(parts[1], each, f"{where}.{name}") for name, each in given.items()}
    if wanted is datetime:
        return instant(value, where)
    if wanted is float and type(value) is int:
        return float(value)
    if value == "" and where.endswith("_id"):
        raise Malformed(f"{where} is empty")
    return _a(str if origin is Literal else wanted, value, where)


def _dataclass(wanted: Any, value: Any, where: str) -> Any:
    _a(dict, value, where)
    hints, path = hints_of(wanted), f"{where}." if where else ""
    given = {}
    for each in fields(wanted):
        if each.name not in hints:
            continue  # the append time, which is not on the wire
        if each.name in value:
            given[each.name] = _converted(hints[each.name], value[each.name], path + each.name)
        elif each.default is MISSING and each.default_factory is MISSING:
            raise Malformed(f"{path}{each.name} is missing")
    build: Callable[..., Any] = wanted
    return build(**given)


def _a(wanted: type, value: Any, where: str) -> Any:
    if type(value) is not wanted:
        said = f": {value!r}" if wanted in (str, int, bool, float) else ""
        raise Malformed(f"{where or 'it'} is not {_SAID.get(wanted, wanted.__name__)}{said}")
    return value


def instant(value: Any, where: str) -> datetime:
    """ISO 8601 (UTC where it names no zone) or milliseconds since 1970; raises Malformed."""
    try:
        if type(value) is int:
            return datetime.fromtimestamp(value / 1000, UTC)
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise Malformed(f"{where} is not a time: {value!r}") from error
    return moment.replace(tzinfo=moment.tzinfo or UTC)
