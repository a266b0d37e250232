"""The outbox table: what stands in it unmarked has not been acknowledged, and that is the whole state of a relay."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from streams.outbox.dialect import Dialect
from streams.outbox.row import COLUMNS, Row, made

TRIM_ROWS = 1000


class Table:
    """One connection, used by one thread; raises what the dialect's driver raises. After `close` it opens anew.

    `keep_seconds` 0 deletes a row when it is acknowledged; more marks it first, and `trim` deletes it later.
    """

    def __init__(self, dialect: Dialect, name: str, keep_seconds: float = 0) -> None:
        self._dialect, self._keep_seconds = dialect, keep_seconds
        self._connection: Any = None
        self._is_holding = False
        self._name = dialect.quoted(name)
        columns = ", ".join(dialect.text.format(dialect.quoted(column)) for column in COLUMNS)
        order = f"{self._name}.position"  # without the table it would be the column of the answer, a text
        self._open = f"SELECT {columns} FROM {self._name} WHERE relayed_at IS NULL ORDER BY {order} LIMIT %s"

    def open_rows(self, at_most: int) -> list[Row]:
        """The first committed rows that nobody has acknowledged, by position."""
        return [made(dict(zip(COLUMNS, values, strict=True))) for values in self.query(self._open, at_most)]

    def waiting(self) -> tuple[int, float]:
        """How many committed rows nobody has acknowledged, and the age of the oldest in seconds."""
        age = self._dialect.age.format("MIN(created_at)")
        ((count, seconds),) = self.query(f"SELECT COUNT(*), {age} FROM {self._name} WHERE relayed_at IS NULL")
        return int(count), float(seconds or 0)

    def take(self, at_most: int) -> list[Row]:
        """As `open_rows`, and locks them in a transaction until they are acknowledged or the connection ends.

        Rows that somebody else holds are left out, and so are later rows of their keys: without that a second relay
        would overtake the first one.
        """
        rows = self.open_rows(at_most)
        if not rows:
            return []
        self.query(self._dialect.begin)
        self._is_holding = True
        mine = self._locked([row.position for row in rows])
        taken = list(_in_order(rows, mine))
        if not taken:
            self._end("ROLLBACK")
        return taken

    def acknowledge(self, positions: Sequence[int]) -> None:
        """Deletes or marks these rows; ends the transaction that holds them."""
        if self._keep_seconds:
            self._each(f"UPDATE {self._name} SET relayed_at = CURRENT_TIMESTAMP WHERE position IN", positions)
        else:
            self._each(f"DELETE FROM {self._name} WHERE position IN", positions)
        if self._is_holding:
            self._end("COMMIT")

    def trim(self) -> int:
        """Deletes some of the marked rows that have been kept for long enough; says how many."""
        if not self._keep_seconds:
            return 0
        old = f"SELECT position FROM {self._name} WHERE relayed_at < {self._dialect.ago} ORDER BY relayed_at LIMIT %s"
        positions = [position for (position,) in self.query(old, self._keep_seconds, TRIM_ROWS)]
        self._each(f"DELETE FROM {self._name} WHERE position IN", positions)
        return len(positions)

    def query(self, sql: str, *values: object) -> list[Any]:
        """Every row of the answer; none where the statement gives none."""
        if self._connection is None:
            self._connection = self._dialect.connect()
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        connection, self._connection, self._is_holding = self._connection, None, False
        if connection is not None:
            connection.close()

    def _locked(self, positions: Sequence[int]) -> set[int]:
        select = f"SELECT position FROM {self._name} WHERE relayed_at IS NULL AND position IN"
        return {position for (position,) in self._each(select, positions, "FOR UPDATE SKIP LOCKED")}

    def _each(self, sql: str, positions: Sequence[int], after: str = "") -> list[Any]:
        """The statement with these positions in brackets behind it; without any there is nothing to do."""
        if not positions:
            return []
        return self.query(f"{sql} ({', '.join(['%s'] * len(positions))}) {after}", *positions)

    def _end(self, how: str) -> None:
        self.query(how)
        self._is_holding = False


def _in_order(rows: Sequence[Row], mine: set[int]) -> Iterator[Row]:
    """The rows that are mine and stand behind no row of their key that is not."""
    held = set()
    for row in rows:
        if row.position in mine and row.key not in held:
            yield row
        else:
            held.add(row.key)
