"""Writes an event into a database's outbox, in the transaction that makes it true.

    connection.execute(*outbox.for_postgres(OrderPlaced(...)))   # psycopg and its cursors; await where it is async
    cursor.execute(*outbox.for_mysql(OrderPlaced(...)))          # PyMySQL, mysqlclient
    session.execute(outbox.for_sqlalchemy(OrderPlaced(...)))     # SQLAlchemy's sessions and connections; async: await

Each checks the event against its schema first, so a wrong one fails where it is written. docs/outbox.md has the table.
"""

from typing import TYPE_CHECKING, Any

from streams.outbox.entry import Entry, WrongEvent, entry

if TYPE_CHECKING:
    from sqlalchemy import Insert

__all__ = ["Entry", "WrongEvent", "entry", "for_mysql", "for_postgres", "for_sqlalchemy"]

_COLUMNS = ("id", "type", "key", "payload", "headers")


def for_postgres(event: Any, *, table: str = "outbox", **more: Any) -> tuple[str, tuple[Any, ...]]:
    """The INSERT and its values, `%s` for each; `more` is what `entry` takes. Raises WrongEvent."""
    return _insert(table, '"', entry(event, **more))


def for_mysql(event: Any, *, table: str = "outbox", **more: Any) -> tuple[str, tuple[Any, ...]]:
    """As `for_postgres`, in the words of MySQL and MariaDB."""
    return _insert(table, "`", entry(event, **more))


def for_sqlalchemy(event: Any, *, table: str = "outbox", **more: Any) -> "Insert":
    """The INSERT for any session or connection of PostgreSQL, MySQL or MariaDB; `more` as above. Raises WrongEvent."""
    from streams.outbox.alchemy import insert

    return insert(table, entry(event, **more))


def _insert(table: str, quote: str, made: Entry) -> tuple[str, tuple[Any, ...]]:
    def quoted(name: str) -> str:
        return ".".join(f"{quote}{part}{quote}" for part in name.split("."))

    columns = ", ".join(map(quoted, _COLUMNS))
    return f"INSERT INTO {quoted(table)} ({columns}) VALUES (%s, %s, %s, %s, %s)", made.texts
