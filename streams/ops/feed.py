"""Sends the rows of a file or generator at a rate: `cli.py feed FILE.jsonl`, `cli.py feed --olist DIR`."""

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from streams.domain.events import Event, OrderCancelled, OrderPlaced, ProviderProfile
from streams.ops.rows import BadRow, Row
from streams.ops.sender import Unsendable

Send = Callable[[Event], None]
_CATCH_UP_S = 0.1  # a stall is made good by at most this much of a burst


@dataclass(frozen=True, slots=True)
class Pace:
    """Orders per second (None: as fast as it goes); how many orders are sent, and how many are passed over first."""

    rate: float | None = None
    limit: int | None = None
    offset: int = 0


@dataclass(slots=True)
class Tally:
    """What a feed has done so far."""

    orders: int = 0
    cancellations: int = 0
    profiles: int = 0
    bad_rows: int = 0


Progress = Callable[[Tally, BadRow | None], None]


class Clock(Protocol):
    """Seconds that only grow, and a sleep that a stop ends early."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

    def is_stopped(self) -> bool: ...


def feed(rows: Iterable[Row | BadRow], send: Send, pace: Pace, progress: Progress, clock: Clock) -> Tally:
    """Send rows in their order until they end or the clock is stopped; late ones (`after_s`) when their time has come.

    `progress` hears of every row sent, and of every bad one.
    """
    run = _Run(send, pace, progress, clock)
    for row in rows:
        if clock.is_stopped():
            break
        if isinstance(row, BadRow):
            run.skip(row)
        elif run.is_wanted(row.record):
            run.take(row)
    run.send_the_rest()
    return run.tally


@dataclass(slots=True)
class _Run:
    send: Send
    pace: Pace
    progress: Progress
    clock: Clock
    tally: Tally = field(default_factory=Tally)
    _late: list[tuple[float, int, Row]] = field(default_factory=list)
    _unwanted: set[str] = field(default_factory=set)
    _seen: int = 0
    _taken: int = 0
    _next_at: float = -math.inf
    _order_at: float = 0.0

    def is_wanted(self, record: Event) -> bool:
        """Orders by offset and limit, cancellations with their orders, everything else always."""
        if isinstance(record, OrderCancelled):
            return record.order_id not in self._unwanted
        if not isinstance(record, OrderPlaced):
            return True
        self._seen += 1
        limit = self.pace.limit
        is_wanted = self._seen > self.pace.offset and (limit is None or self._taken < limit)
        if is_wanted:
            self._taken += 1
            self._unwanted.discard(record.order_id)
        else:
            self._unwanted.add(record.order_id)
        return is_wanted

    def take(self, row: Row) -> None:
        if row.after_s:
            heapq.heappush(self._late, (self._order_at + row.after_s, self._seen, row))
            return
        self._send_late_ones()
        if isinstance(row.record, OrderPlaced):
            self._wait_until(self._next_at)
            self._order_at = self.clock.now()
            if self.pace.rate:
                is_first = self._taken == 1
                due = self._order_at if is_first else max(self._next_at, self._order_at - _CATCH_UP_S)
                self._next_at = due + 1 / self.pace.rate
        self._send(row)

    def skip(self, row: BadRow) -> None:
        self.tally.bad_rows += 1
        self.progress(self.tally, row)

    def send_the_rest(self) -> None:
        if self._late:
            self._wait_until(max(self._late)[0])

    def _wait_until(self, due: float) -> None:
        while not self.clock.is_stopped():
            self._send_late_ones()
            now = self.clock.now()
            if now >= due:
                return
            self.clock.sleep(min([due, *(each[0] for each in self._late[:1])]) - now)

    def _send_late_ones(self) -> None:
        while self._late and self._late[0][0] <= self.clock.now():
            self._send(heapq.heappop(self._late)[2])

    def _send(self, row: Row) -> None:
        if self.clock.is_stopped():
            return
        try:
            self.send(row.record)
        except Unsendable as error:
            self.skip(BadRow(row.file, row.line, str(error)))
            return
        if isinstance(row.record, OrderPlaced):
            self.tally.orders += 1
        elif isinstance(row.record, OrderCancelled):
            self.tally.cancellations += 1
        elif isinstance(row.record, ProviderProfile):
            self.tally.profiles += 1
        self.progress(self.tally, None)


def counted(rows: Iterable[Row | BadRow], pace: Pace) -> int:
    """How many orders a feed of these rows will send: the total of a progress bar."""
    orders = sum(1 for row in rows if isinstance(row, Row) and isinstance(row.record, OrderPlaced))
    left = max(0, orders - pace.offset)
    return left if pace.limit is None else min(left, pace.limit)
