"""Ten thousand waits of 0-5 ms, counted and timed from the first one; for everything in Python that waits."""

import asyncio
from pathlib import Path
from time import monotonic

from tests.bench.card import Card


def wait_s(number: int) -> float:
    """0 to 5 ms in steps of 0.1 ms, the same for every contestant."""
    return number * 7919 % 51 / 10_000


class Slow:
    """Writes the seconds from the first wait to the end of the last one to the card's `report`."""

    def __init__(self, card: Card) -> None:
        self._report, self._left = Path(card.report), card.extra["total"]
        self._began = 0.0
        self._last: dict[str, int] = {}
        self._is_ordered = True

    async def one(self, key: str, number: int) -> None:
        self._began = self._began or monotonic()
        if number < self._last.get(key, -1):
            self._is_ordered = False
        self._last[key] = number
        await asyncio.sleep(wait_s(number))
        self._is_ordered = self._is_ordered and self._last[key] == number  # no later one began meanwhile
        self._left -= 1
        if not self._left:
            self._report.write_text(f"{monotonic() - self._began} {int(self._is_ordered)}", encoding="utf-8")
