"""MySQL's and MariaDB's log as a relay reads it: the binary log, from where it ended when the relay came."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha1
from queue import Empty, Full, Queue
from typing import Any

from pymysql.err import ProgrammingError
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.event import HeartbeatLogEvent
from pymysqlreplication.row_event import WriteRowsEvent

from streams.outbox.row import OutboxDown, Row, made

BUFFERED_ROWS = 2000
HEARTBEAT_SECONDS = 1.0
_NEEDED = {
    "log_bin": "ON",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "log_bin_compress": "OFF",
    "binlog_transaction_compression": "OFF",
}


class MySqlLog:
    """One relay a table, by a named lock. `connect(**more)` opens a connection; `database` and `table` are the outbox.

    `settings` are those of `connect`, for the library that reads the log.
    """

    def __init__(self, connect: Callable[[], Any], settings: Mapping[str, Any], database: str, table: str) -> None:
        self._connect, self._settings = connect, settings
        self._database, self._table = database, table
        self._lock = f"crossdock outbox {sha1(f'{database}.{table}'.encode()).hexdigest()}"
        self._forget()

    def _forget(self) -> None:
        self._connection: Any = None
        self._has_lock = False
        self._start: tuple[str, int] | None = None
        self._in_flight: set[int] = set()
        self._thread: threading.Thread | None = None
        self._rows: Queue[Mapping[str, Any] | BaseException] = Queue(BUFFERED_ROWS)
        self._stop = threading.Event()
        self._read = 0

    def is_ours(self) -> bool:
        if self._connection is None:
            self._connection = self._connect()
        if self._has_lock:
            self._connection.ping(reconnect=False)  # the lock ends with this connection
        else:
            ((got,),) = self._query("SELECT GET_LOCK(%s, 0)", self._lock)
            self._has_lock = bool(got == 1)
        return self._has_lock

    def has_joined(self, seconds: float) -> bool:
        """A transaction is in the log a moment before its rows can be seen: the reader waits for those of the start.

        Whatever was written into the table and not committed when the position was taken must have ended before the
        table is read for the last time; what comes later stands behind the position.
        """
        if self._thread is not None:
            return True
        if self._start is None:
            self._check()
            self._start = self._end_of_log()
            self._in_flight = self._uncommitted()
        if self._in_flight:
            time.sleep(seconds)
            self._in_flight &= self._uncommitted()
        if not self._in_flight:
            self._begin(*self._start)
        return self._thread is not None

    def read(self, at_most: int, seconds: float) -> list[Row]:
        rows = list[Row]()
        try:
            rows.append(self._row(self._rows.get(timeout=seconds)))
            while len(rows) < at_most:
                rows.append(self._row(self._rows.get_nowait()))
        except Empty:
            pass
        return rows

    def confirm(self, rows: Sequence[Row]) -> None:
        """Nothing: the server keeps its log as long as it likes, and the table says what is open."""

    def close(self) -> None:
        """The thread ends by itself, at the server's next sign of life."""
        connection = self._connection
        self._stop.set()
        self._forget()
        if connection is not None:
            connection.close()

    def _check(self) -> None:
        names = ", ".join(f"'{name}'" for name in _NEEDED)
        found = dict(self._query(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})"))
        wrong = [f"{name} is {found[name]}" for name, right in _NEEDED.items() if found.get(name, right) != right]
        if wrong:
            right = ", ".join(f"{name}={value}" for name, value in _NEEDED.items() if name in found)
            raise OutboxDown(f"the binary log cannot be read: {', '.join(wrong)}; set {right}, or write by: polling")
        self._columns = [
            name
            for (name,) in self._query(
                "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
                " ORDER BY ORDINAL_POSITION",
                *(self._database, self._table),
            )
        ]

    def _end_of_log(self) -> tuple[str, int]:
        try:
            ((file, position, *_),) = self._query("SHOW BINARY LOG STATUS")
        except ProgrammingError:  # the name before MySQL 8.2
            ((file, position, *_),) = self._query("SHOW MASTER STATUS")
        return str(file), int(position)

    def _uncommitted(self) -> set[int]:
        """Positions of rows that are written and not committed."""
        select = f"SELECT position FROM `{self._database}`.`{self._table}` WHERE relayed_at IS NULL"
        found = []
        for level in ("READ UNCOMMITTED", "READ COMMITTED"):  # in this order: what ends between has ended
            self._query(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
            found.append({position for (position,) in self._query(select)})
        return found[0] - found[1]

    def _query(self, sql: str, *values: object) -> Sequence[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() or ()

    def _begin(self, file: str, position: int) -> None:
        given = (self._rows, self._stop)
        self._thread = threading.Thread(target=self._follow, args=(file, position, *given), name="binlog", daemon=True)
        self._thread.start()

    def _follow(self, file: str, position: int, rows: Queue[Any], stop: threading.Event) -> None:
        """The thread: puts rows, and at last what ended it."""
        reader = BinLogStreamReader(
            {**self._settings},
            secrets.randbelow(2**31) + 2**31,  # of no other reader: the server would end the older one
            blocking=True,
            resume_stream=True,
            log_file=file,
            log_pos=position,
            only_events=[WriteRowsEvent, HeartbeatLogEvent],
            only_schemas=[self._database],
            only_tables=[self._table],
            slave_heartbeat=HEARTBEAT_SECONDS,
            enable_logging=False,
        )
        try:
            while not stop.is_set():
                event = reader.fetchone()
                for row in event.rows if isinstance(event, WriteRowsEvent) else ():
                    _put(rows, row["values"], stop)
        except BaseException as error:
            _put(rows, error, stop)
        finally:
            reader.close()

    def _row(self, found: Mapping[str, Any] | BaseException) -> Row:
        if isinstance(found, BaseException):
            raise found
        self._read += 1
        named = found if "payload" in found else dict(zip(self._columns, found.values(), strict=False))
        return made(named, self._read)


def _put(rows: Queue[Any], row: Any, stop: threading.Event) -> None:
    """Waits for room, but not after the end."""
    while not stop.is_set():
        try:
            return rows.put(row, timeout=HEARTBEAT_SECONDS)
        except Full:
            continue
