"""Looks at an outbox once, with the relay's account: what waits in it, and what would stop the relay."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from streams.outbox.place import Place
from streams.outbox.row import OutboxDown
from streams.outbox.table import Table

JOINS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """How many rows wait and how old the first one is, as far as that can be seen; `problem` is empty without one."""

    waiting: int | None = None
    oldest_seconds: float | None = None
    problem: str = ""


def look(kind: str, place: Place) -> Look:
    """`kind` is postgres or mysql. By log the log is joined for a moment, unless a relay reads it already."""
    database = import_module(f"streams.outbox.{kind}")
    dialect = database.dialect(place)
    table = Table(dialect, place.table)
    found = Look()
    try:
        found = Look(*table.waiting())
        if not place.is_polled:
            _try(database.log_of(table, place))
    except OutboxDown as error:
        return Look(found.waiting, found.oldest_seconds, str(error))
    except dialect.errors as error:
        return Look(found.waiting, found.oldest_seconds, dialect.explained(error))
    finally:
        table.close()
    return found


def _try(log: Any) -> None:
    try:
        if log.is_ours() and log.has_joined(JOINS_SECONDS):
            log.read(1, JOINS_SECONDS)
    finally:
        log.close()
