"""The two ways to bring an outbox's rows: by its database's log, or by asking the table again and again."""

import time
from collections.abc import Sequence
from typing import Protocol

from streams.outbox.row import OutboxDown, Row
from streams.outbox.table import Table

POLL_SECONDS = 0.2
SWEEP_SECONDS = 60.0


class Log(Protocol):
    """The database's own log of commits, read by one relay at a time."""

    def is_ours(self) -> bool:
        """Whether this relay, and no other, may read; asks for it where nobody has it."""

    def has_joined(self, seconds: float) -> bool:
        """Whether everything that is not in the table yet will be read; waits so long for it."""

    def read(self, at_most: int, seconds: float) -> list[Row]:
        """Rows in the order of their commits; waits so long for the first one."""

    def confirm(self, rows: Sequence[Row]) -> None:
        """These are acknowledged; the log may forget them."""

    def close(self) -> None: ...


class ByPolling:
    """Takes rows under lock and holds them until they are acknowledged; several relays keep out of each other's way."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._given: list[Row] = []

    def receive(self, at_most: int, seconds: float) -> list[Row]:
        """The oldest open rows, or those that were given and not acknowledged; waits so long for the first one."""
        until = time.monotonic() + seconds
        while not self._given and time.monotonic() < until:
            self._table.trim()
            self._given = self._table.take(at_most)
            if not self._given:
                time.sleep(POLL_SECONDS)
        return self._given

    def acknowledge(self, rows: Sequence[Row]) -> None:
        self._table.acknowledge([row.position for row in rows])
        self._given = []

    def close(self) -> None:
        self._given = []
        self._table.close()


class ByLog:
    """Reads the table until the log is joined, and once more then; from there on the log says what is new.

    So it needs no position that outlives it: what stands in the table is what is still to be done, whatever became of
    the log. Once a minute, when the log is silent, the table is asked whether the log withholds something.
    """

    def __init__(self, table: Table, log: Log, sweep_seconds: float = SWEEP_SECONDS) -> None:
        self._table, self._log, self._sweep_seconds = table, log, sweep_seconds
        self._given: list[Row] = []
        self._is_sweeping, self._sweeps_at = True, 0.0

    def receive(self, at_most: int, seconds: float) -> list[Row]:
        """The next rows, or those that were given and not acknowledged; waits so long for the first one.

        Raises OutboxDown while another relay reads.
        """
        until = time.monotonic() + seconds
        while not self._given and time.monotonic() < until:
            self._given = self._next(at_most, until - time.monotonic())
        return self._given

    def acknowledge(self, rows: Sequence[Row]) -> None:
        done = {row.position for row in rows}
        self._table.acknowledge(list(done))
        self._log.confirm(rows)
        self._given = [row for row in self._given if row.position not in done]

    def close(self) -> None:
        self._given, self._is_sweeping = [], True
        self._log.close()
        self._table.close()

    def _next(self, at_most: int, seconds: float) -> list[Row]:
        if not self._log.is_ours():
            time.sleep(seconds)
            raise OutboxDown("another relay reads this outbox by its log; this one stands by")
        self._table.trim()
        has_joined = self._log.has_joined(0)
        if self._is_sweeping and (rows := self._table.open_rows(at_most)):
            return rows
        if not has_joined:
            self._log.has_joined(min(seconds, POLL_SECONDS))
            return []
        if self._is_sweeping:
            self._is_sweeping, self._sweeps_at = False, time.monotonic() + self._sweep_seconds
        rows = self._log.read(at_most, seconds)
        self._is_sweeping = not rows and time.monotonic() > self._sweeps_at
        return rows
