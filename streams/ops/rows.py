"""What a feed is made of: records and bad rows, and how JSON lines become them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from streams.domain.events import Event, OrderCancelled, OrderPlaced, ProviderProfile

_TYPES: Mapping[str, type[Event]] = {each.__name__: each for each in (OrderPlaced, OrderCancelled, ProviderProfile)}


class FeedError(Exception):
    """The feed cannot begin: a file is missing or is something else; the message says which."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the outside world, due `after_s` seconds after the order before it was sent."""

    file: str
    line: int
    record: Event
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no record; it is reported and skipped."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Malformed(ValueError):
    """A value is not what its field needs."""


def json_lines(path: Path) -> Iterator[Row | BadRow]:
    """One JSON object a line, `type` names its record or its fields do; raises FeedError where nothing can be read."""
    try:
        lines = path.open("rb")
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror}") from error
    with lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _row(path.name, number, line)


def _row(file: str, number: int, line: bytes) -> Row | BadRow:
    try:
        return Row(file, number, record_of(json.loads(line.decode("utf-8-sig"))))
    except (ValueError, RecursionError) as error:
        return BadRow(file, number, str(error))


def record_of(document: Any) -> Event:
    """The record that a JSON object stands for; fields that it does not have are ignored. Raises Malformed."""
    if not isinstance(document, dict):
        raise Malformed("not a JSON object")
    record: Event = _converted(_type_of(document), document, "")
    return record


def _type_of(document: Mapping[str, Any]) -> type[Event]:
    if "type" in document:
        known = _TYPES.get(str(document["type"]))
        if known is None:
            raise Malformed(f"type {document['type']!r} is not one of {', '.join(_TYPES)}")
        return known
    if "order_id" in document:
        return OrderPlaced if "items" in document or "reason" not in document else OrderCancelled
    if "provider_id" in document:
        return ProviderProfile
    raise Malformed("neither order_id nor provider_id nor type")


def _converted(wanted: Any, value: Any, where: str) -> Any:
    if is_dataclass(wanted):
        return _dataclass(wanted, value, where)
    if get_origin(wanted) is list:
        if not isinstance(value, list):
            raise Malformed(f"{where} is not a list")
        return [_converted(get_args(wanted)[0], each, f"{where}[{at}]") for at, each in enumerate(value)]
    if wanted is datetime:
        return instant(value, where)
    if type(value) is not wanted:
        raise Malformed(f"{where} is not {_SAID[wanted]}: {value!r}")
    if value == "" and where.endswith("_id"):
        raise Malformed(f"{where} is empty")
    return value


def _dataclass(wanted: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise Malformed(f"{where} is not an object")
    hints, path = get_type_hints(wanted), f"{where}." if where else ""
    given = {}
    for each in fields(wanted):
        if each.name == "time" and issubclass(wanted, Event):
            continue
        if each.name in value:
            given[each.name] = _converted(hints[each.name], value[each.name], path + each.name)
        elif each.default is MISSING and each.default_factory is MISSING:
            raise Malformed(f"{path}{each.name} is missing")
    build: Callable[..., Any] = wanted
    return build(**given)


_SAID = {str: "a text", int: "a whole number", bool: "true or false"}


def instant(value: Any, where: str) -> datetime:
    """ISO 8601 (UTC where it names no zone) or milliseconds since 1970; raises Malformed."""
    try:
        if type(value) is int:
            return datetime.fromtimestamp(value / 1000, UTC)
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise Malformed(f"{where} is not a time: {value!r}") from error
    return moment.replace(tzinfo=moment.tzinfo or UTC)
