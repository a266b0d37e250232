"""Opens the outbox of a PostgreSQL database: how to connect, and what its errors mean to whoever set it up."""

from functools import partial
from typing import Any

import psycopg
from psycopg import errors

from streams.outbox.dialect import Dialect
from streams.outbox.place import Place
from streams.outbox.postgres_log import PostgresLog
from streams.outbox.relay import ByLog, ByPolling
from streams.outbox.relayed import Relayed
from streams.outbox.row import OutboxDown
from streams.outbox.table import Table

_PATIENCE = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 30_000}
_SQL = "python cli.py outbox sql postgres"


def polling(place: Place) -> Relayed:
    return Relayed(ByPolling(_table(place)), dialect(place))


def by_log(place: Place) -> Relayed:
    table = _table(place)
    return Relayed(ByLog(table, log_of(table, place)), dialect(place))


def log_of(table: Table, place: Place) -> PostgresLog:
    """The log as far as it is about this table; makes the publication when it is asked for the first time."""
    publication = f"crossdock_{place.table.replace('.', '_')}"

    def connect() -> Any:
        _publish(table, place.table, publication)
        return _connect(place, replication="database")

    return PostgresLog(connect, place.table, publication)


def dialect(place: Place) -> Dialect:
    return Dialect(
        quote='"',
        text="CAST({} AS text)",
        ago="now() - make_interval(secs => %s)",
        age="EXTRACT(EPOCH FROM now() - {})",
        begin="BEGIN ISOLATION LEVEL READ COMMITTED",
        connect=partial(_connect, place),
        errors=(psycopg.Error, OSError),
        explained=partial(_explained, place.table),
    )


def _table(place: Place) -> Table:
    return Table(dialect(place), place.table, place.keep_seconds)


def _connect(place: Place, **more: Any) -> Any:
    given: dict[str, Any] = {"application_name": "crossdock outbox", "client_encoding": "UTF8"} | _PATIENCE | more
    account = {"user": place.user, "password": place.password}
    given |= {name: value for name, value in account.items() if value is not None}
    connection = psycopg.connect(place.url, autocommit=True, **given)
    connection.prepare_threshold = None  # a pooler between us may hand each statement to another session
    return connection


def _publish(table: Table, name: str, publication: str) -> None:
    """Makes the publication where it is missing and we may; raises OutboxDown with what somebody else must do."""
    table.open_rows(0)  # what is wrong with the table itself is told first
    schema, _, bare = name.rpartition(".")
    known = "SELECT schemaname FROM pg_publication_tables WHERE pubname = %s AND tablename = %s"
    published = {found for (found,) in table.query(known, publication, bare)}
    if schema in published or (published and not schema):
        return
    if table.query("SELECT 1 FROM pg_publication WHERE pubname = %s", publication):
        right = f"ALTER PUBLICATION {publication} ADD TABLE {name};"
        raise OutboxDown(f"the publication {publication} leaves out {name}; its owner mends it: {right}")
    create = f"CREATE PUBLICATION {publication} FOR TABLE {name} WITH (publish = 'insert')"
    try:
        table.query(create)
    except errors.InsufficientPrivilege as error:
        raise OutboxDown(f"there is no publication of {name}; the table's owner makes it: {create};") from error


def _explained(table: str, error: Exception) -> str:
    """What is wrong in the server's words, and what to do about it in ours."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
        return f"{said}; {_SQL} prints the table"
    if "wal_level" in said:
        return f"{said}; set wal_level = logical and start the server anew, or write by: polling"
    if isinstance(error, errors.InsufficientPrivilege) or "permission denied" in said:
        return f"{said}; {_SQL} prints what to grant"
    if isinstance(error, errors.ConfigurationLimitExceeded):
        return f"{said}; raise max_replication_slots, or write by: polling"
    return said
