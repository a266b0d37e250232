"""One row of an outbox as the relays read it, and what ends their work until the database is well again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COLUMNS = ("position", "id", "type", "key", "payload", "headers")


class OutboxDown(Exception):
    """The database does not answer, or does not let us work; the message says what to do. Trying again is right."""


@dataclass(frozen=True, slots=True)
class Row:
    """`position` is the table's key and says nothing about the order of commits; `payload` is JSON text.

    `mark` numbers the rows that a log brought, from 1; a row that was read from the table has 0.
    """

    position: int
    id: str
    type: str
    key: str | None
    payload: str
    headers: Mapping[str, str] = field(default_factory=dict)
    mark: int = 0


def made(values: Mapping[str, Any], mark: int = 0) -> Row:
    """The row of its columns, texts or numbers as a driver gives them."""
    key = values["key"]
    return Row(
        position=int(values["position"]),
        id=str(values["id"]),
        type=str(values["type"]),
        key=None if key is None else str(key),
        payload=str(values["payload"]),
        headers=_headers(values.get("headers")),
        mark=mark,
    )


def _headers(text: str | None) -> dict[str, str]:
    """The texts of the JSON object; anything else is left out, as no header is worth an event."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
