"""A shop's database with an outbox as the shipped SQL makes it, in PostgreSQL or in MariaDB."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from streams.outbox import mysql, postgres
from streams.outbox.place import Place
from streams.outbox.relayed import Relayed
from streams.outbox.row import OutboxDown, Row
from tests.mariadb_server import MariadbServer
from tests.postgres_server import PostgresServer

SQL = Path(__file__).parents[2] / "streams/outbox"
OPENED: dict[tuple[str, str], Callable[[Place], Relayed]] = {
    ("postgres", "log"): postgres.by_log,
    ("postgres", "poll"): postgres.polling,
    ("mariadb", "log"): mysql.by_log,
    ("mariadb", "poll"): mysql.polling,
}


class Shop:
    """One database of a running server; `kind` is postgres or mariadb."""

    def __init__(self, kind: str, server: PostgresServer | MariadbServer) -> None:
        self.kind, self.server, self.relays = kind, server, list[Relayed]()
        self.name = f"shop_{uuid4().hex[:12]}"
        self.transport = "postgres" if kind == "postgres" else "mysql"
        self.role = f"relay_{self.name}"
        self.url = re.sub(r"//\w+@", "//", server.database(self.name))
        key = "key" if kind == "postgres" else "`key`"
        self._insert = f"INSERT INTO outbox (id, type, {key}, payload) VALUES (%s, %s, %s, %s)"
        for statement in self.shipped():
            self.run(statement)

    def shipped(self) -> list[str]:
        """The statements of the shipped file, for a role of this database alone."""
        text = (SQL / f"{self.transport}.sql").read_text()
        text = re.sub(r"--.*", "", text.replace("relay ", f"{self.role} ").replace("TO relay", f"TO {self.role}"))
        return [statement.strip() for statement in text.split(";") if statement.strip()]

    def place(self, keep_seconds: float = 0, password: str = "change me", table: str = "outbox") -> Place:
        return Place(self.url, self.role, password, table, keep_seconds)

    def relay(self, mode: str, keep_seconds: float = 0) -> Relayed:
        """It is closed when the test ends, at the latest."""
        self.relays.append(OPENED[self.kind, mode](self.place(keep_seconds)))
        self.relays[-1].seconds = 0.2
        return self.relays[-1]

    def run(self, sql: str, *values: object) -> list[Any]:
        """As the database's owner, committed at once."""
        with closing(self.server.connect(self.name)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []

    def writer(self) -> Any:
        """The owner's connection, without autocommit."""
        connection: Any = self.server.connect(self.name)
        if self.kind == "postgres":
            connection.autocommit = False
        else:
            connection.autocommit(False)
        return connection

    def write(self, key: str, *numbers: int, within: Any = None, id: str | None = None) -> None:
        """An order cancelled for each number, which is the reason; within a transaction, or each committed at once."""
        connection: Any = within or self.server.connect(self.name)
        with closing(connection.cursor()) as cursor:
            for number in numbers:
                payload = json.dumps({"order_id": key, "reason": str(number)})
                cursor.execute(self._insert, (id or f"{key}-{number}", "order.cancelled.v1", key, payload))
        if within is None:
            connection.close()

    def left(self) -> int:
        ((count,),) = self.run("SELECT count(*) FROM outbox")
        return int(count)


def ids(rows: Sequence[Row]) -> list[str]:
    return [row.id for row in rows]


async def taken(relay: Relayed, count: int, *, tries: int = 100) -> list[str]:
    """Receives and acknowledges until so many different events have come; the ids as a reader without repeats."""
    seen: dict[str, None] = {}
    for _ in range(tries):
        try:
            rows = await relay.receive(100)
        except OutboxDown:
            continue
        if rows:
            await relay.acknowledge(rows)
        seen |= dict.fromkeys(ids(rows))
        if len(seen) >= count:
            return list(seen)
    raise AssertionError(f"only {list(seen)} came")
