"""Runs a relay in a thread of its own, and makes one error of all those that its driver has."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

from streams.outbox.dialect import Dialect
from streams.outbox.row import OutboxDown, Row

T = TypeVar("T")


class Relay(Protocol):
    """What ByLog and ByPolling are."""

    def receive(self, at_most: int, seconds: float) -> list[Row]: ...

    def acknowledge(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None: ...


class Relayed:
    """An outbox, row by row. Every method but `close` raises OutboxDown; the next call connects anew.

    `receive` waits for `seconds` for the first row.
    """

    seconds = 1.0

    def __init__(self, relay: Relay, dialect: Dialect) -> None:
        self._relay, self._dialect = relay, dialect
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._is_closed = False

    async def receive(self, at_most: int) -> list[Row]:
        """The next rows, in order; the same ones until they are acknowledged."""
        return await self._done(partial(self._relay.receive, at_most, self.seconds))

    async def acknowledge(self, rows: Sequence[Row]) -> None:
        """They are where they belong for good: the table and the log may forget them."""
        await self._done(partial(self._relay.acknowledge, rows))

    async def close(self) -> None:
        """For good; once more does no harm."""
        if not self._is_closed:
            self._is_closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._closed)
            self._thread.shutdown(wait=False)

    async def _done(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._tried, call)

    def _tried(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except OutboxDown:
            self._closed()
            raise
        except self._dialect.errors as error:
            self._closed()
            raise OutboxDown(self._dialect.explained(error)) from error

    def _closed(self) -> None:
        """Connections that are broken anyway may fail to close."""
        try:
            self._relay.close()
        except self._dialect.errors:
            return
