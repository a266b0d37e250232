"""What a feed is made of: records and bad rows, and how JSON lines become them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.contracts.from_json import Malformed, from_json
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
    record: Event = from_json(_type_of(document), document)
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
