"""The orders of a demo: generated ones, or those of the Olist files, sent beside the watching."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from streams.contracts.settings import Settings
from streams.contracts.topology import Topology
from streams.ops import olist, orders
from streams.ops.feed import Pace, Tally, feed
from streams.ops.rows import BadRow, Row
from streams.ops.sender import open_sender
from streams.ops.stopping import RealClock

FEED = "feed"
_SEED = 7


@dataclass(frozen=True, slots=True)
class Wish:
    """What the demo is asked to play: generated orders where `olist` names no directory; `rate` in orders a second."""

    olist: Path | None = None
    limit: int = 200
    rate: float = 20.0
    window: timedelta = timedelta(seconds=5)
    max_age: timedelta = timedelta(seconds=30)

    def rows(self) -> Iterator[Row | BadRow]:
        return olist.read(self.olist) if self.olist else orders.generate(_SEED, self.limit)


@dataclass(slots=True)
class Supply:
    """How far the feed is."""

    sent: Tally = field(default_factory=Tally)
    is_over: bool = False
    error: BaseException | None = None

    def missing(self) -> list[str]:
        """What is still to be sent, in words; raises what stopped the feed."""
        if self.error is not None:
            raise self.error
        return [] if self.is_over else [f"orders to be sent: {self.sent.orders} are"]


@contextmanager
def supplied(settings: Settings, topology: Topology, wish: Wish) -> Iterator[Supply]:
    """A feed in a thread of its own; leaving it stops the feed."""
    supply, stop = Supply(), threading.Event()

    def note(tally: Tally, _: BadRow | None) -> None:
        supply.sent = tally

    def send() -> None:
        try:
            with open_sender(settings, topology, FEED) as sender:
                feed(wish.rows(), sender.send, Pace(wish.rate, wish.limit), note, RealClock(stop))
            supply.is_over = True
        except BaseException as error:
            supply.error = error
            raise

    with ThreadPoolExecutor(1, "feed") as pool:
        pool.submit(send)
        try:
            yield supply
        finally:
            stop.set()
