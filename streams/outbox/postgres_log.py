"""PostgreSQL's log as a relay reads it: logical replication over a slot that ends with the connection."""

import secrets
import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from psycopg import DatabaseError
from psycopg.pq import ExecStatus

from streams.outbox.pgoutput import Commit, Insert, Keepalive, Stream, position, status
from streams.outbox.row import Row, made

STATUS_SECONDS = 10.0
_EPOCH_SECONDS = 946_684_800  # the database's clock begins in 2000


class PostgresLog:
    """One relay a table, by an advisory lock on the same connection. `connect` opens one with replication=database.

    The slot is temporary: a relay that is away holds back no log, and needs none, since the table has what it missed.
    """

    def __init__(self, connect: Callable[[], Any], table: str, publication: str) -> None:
        self._connect, self._table, self._publication = connect, table, publication
        self._forget()

    def _forget(self) -> None:
        self._connection: Any = None
        self._has_lock, self._is_streaming, self._slot = False, False, ""
        self._stream = Stream(self._table)
        self._delivered, self._acknowledged = 0, 0
        self._commits: deque[tuple[int, int]] = deque()  # the mark of its last row, and where it ends
        self._flushed, self._status_at = 0, 0.0

    def is_ours(self) -> bool:
        if self._connection is None:
            self._connection = self._connect()
        if not self._has_lock:
            name = f"crossdock outbox {self._table}".replace("'", "''")
            lock = self._answer(f"SELECT pg_try_advisory_lock(hashtext('{name}'))").get_value(0, 0)
            self._has_lock = bool(lock == b"t")
        return self._has_lock

    def has_joined(self, seconds: float) -> bool:
        """A slot is made when every transaction of that moment has ended, which may take long."""
        if self._is_streaming:
            return True
        if not self._slot:
            self._slot = f"crossdock_{secrets.token_hex(8)}"
            self._send(f"CREATE_REPLICATION_SLOT {self._slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT")
        if not self._has_answer(seconds):
            return False
        self._flushed = position(self._result(ExecStatus.TUPLES_OK).get_value(0, 1))
        self._send(
            f"START_REPLICATION SLOT {self._slot} LOGICAL 0/0"
            f""" (proto_version '1', publication_names '"{self._publication}"')"""
        )
        self._result(ExecStatus.COPY_BOTH)
        self._is_streaming = True
        return True

    def read(self, at_most: int, seconds: float) -> list[Row]:
        until, rows = time.monotonic() + seconds, list[Row]()
        while len(rows) < at_most:
            size, message = self._connection.pgconn.get_copy_data(1)
            if size < 0:
                self._result(ExecStatus.COMMAND_OK)
                raise DatabaseError("the server has ended the replication stream")
            if size:
                rows += self._understood(bytes(message))
            elif not self._has_more(0 if rows else until - time.monotonic()):
                break
        if time.monotonic() > self._status_at:
            self._confirm()
        return rows

    def confirm(self, rows: Sequence[Row]) -> None:
        self._acknowledged = max([self._acknowledged, *(row.mark for row in rows)])
        self._confirm()

    def close(self) -> None:
        connection = self._connection
        self._forget()
        if connection is not None:
            connection.close()

    def _understood(self, message: bytes) -> list[Row]:
        """The row of an insert; everything else is noted."""
        found = self._stream.read(message)
        if isinstance(found, Insert):
            self._delivered += 1
            return [made(found.values, self._delivered)]
        if isinstance(found, Commit):
            self._commits.append((self._delivered, found.end))
        elif isinstance(found, Keepalive):
            if self._acknowledged == self._delivered and not self._stream.is_in_transaction:
                self._commits.append((self._delivered, found.end))
            if found.wants_answer:
                self._confirm()
        return []

    def _confirm(self) -> None:
        while self._commits and self._commits[0][0] <= self._acknowledged:
            self._flushed = max(self._flushed, self._commits.popleft()[1])
        if self._is_streaming:
            clock = int((time.time() - _EPOCH_SECONDS) * 1_000_000)
            self._connection.pgconn.put_copy_data(status(self._flushed, clock))
            self._connection.pgconn.flush()
        self._status_at = time.monotonic() + STATUS_SECONDS

    def _has_more(self, seconds: float) -> bool:
        """Whether bytes came within this time."""
        ready, _, _ = select.select([self._connection.pgconn.socket], [], [], max(0.0, seconds))
        if ready:
            self._connection.pgconn.consume_input()
        return bool(ready)

    def _send(self, command: str) -> None:
        self._connection.pgconn.send_query(command.encode())
        self._connection.pgconn.flush()

    def _has_answer(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self._connection.pgconn.is_busy():
            if not self._has_more(until - time.monotonic()):
                return False
        return True

    def _answer(self, command: str) -> Any:
        self._send(command)
        return self._result(ExecStatus.TUPLES_OK)

    def _result(self, wanted: ExecStatus) -> Any:
        """The answer of the last command, waiting for it; raises the server's error."""
        result = last = self._connection.pgconn.get_result()
        while last is not None and last.status != ExecStatus.COPY_BOTH:
            last = self._connection.pgconn.get_result()
        if result is None or result.status != wanted:
            raise error_of(result, self._connection)
        return result


def error_of(result: Any, connection: Any) -> Exception:
    """The server's error as psycopg raises it elsewhere."""
    from psycopg.errors import error_from_result

    if result is None:
        return DatabaseError(connection.pgconn.get_error_message())
    return error_from_result(result)
