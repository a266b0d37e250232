"""Opens the outbox of a MySQL or MariaDB database: how to connect, and what its errors mean to whoever set it up."""

from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pymysql
from pymysql.constants import ER

from streams.outbox.dialect import Dialect
from streams.outbox.mysql_log import MySqlLog
from streams.outbox.place import Place
from streams.outbox.relay import ByLog, ByPolling
from streams.outbox.relayed import Relayed
from streams.outbox.table import Table

_SQL = "python cli.py outbox sql mysql"
_PATIENCE = {"connect_timeout": 10, "read_timeout": 30, "write_timeout": 30}
_TLS = ("ssl_ca", "ssl_cert", "ssl_key")
_MISSING = (ER.NO_SUCH_TABLE, ER.BAD_FIELD_ERROR)
_FORBIDDEN = (ER.TABLEACCESS_DENIED_ERROR, ER.SPECIFIC_ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR)


def polling(place: Place) -> Relayed:
    return Relayed(ByPolling(_table(place)), dialect(place))


def by_log(place: Place) -> Relayed:
    table = _table(place)
    return Relayed(ByLog(table, log_of(table, place)), dialect(place))


def log_of(_table: Table, place: Place) -> MySqlLog:
    """The log as far as it is about this table."""
    settings = _settings(place)
    schema, _, bare = place.table.rpartition(".")
    return MySqlLog(partial(_connect, place), settings, schema or settings["database"], bare)


def dialect(place: Place) -> Dialect:
    return Dialect(
        quote="`",
        text="CAST({} AS CHAR)",
        ago="CURRENT_TIMESTAMP(6) - INTERVAL %s SECOND",
        age="TIMESTAMPDIFF(SECOND, {}, CURRENT_TIMESTAMP(6))",
        begin="BEGIN",
        connect=partial(_connect, place),
        errors=(pymysql.MySQLError, OSError),
        explained=_explained,
    )


def _table(place: Place) -> Table:
    return Table(dialect(place), place.table, place.keep_seconds)


def _settings(place: Place) -> dict[str, Any]:
    url = urlsplit(place.url)
    given = {name: values[-1] for name, values in parse_qs(url.query).items() if name in _TLS}
    return _PATIENCE | {
        "host": url.hostname or "127.0.0.1",
        "port": url.port or 3306,
        "user": place.user or "",
        "password": place.password or "",
        "database": unquote(url.path.strip("/")),
        "charset": "utf8mb4",
        **given,
    }


def _connect(place: Place) -> Any:
    first = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    return pymysql.connect(**_settings(place), autocommit=True, init_command=first)


def _explained(error: Exception) -> str:
    """What is wrong in the server's words, and what to do about it in ours."""
    code, said = (*error.args, "", "")[:2]
    said = str(said) or str(error) or type(error).__name__
    if code in _MISSING:
        return f"{said}; {_SQL} prints the table"
    if code in _FORBIDDEN:
        return f"{said}; {_SQL} prints what to grant"
    return said
