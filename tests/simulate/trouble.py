"""Handlers that fail on some events, a few times or for good, as a seed says."""

import zlib
from collections import Counter
from datetime import timedelta
from typing import Any

from streams.domain.events import TimerDue
from streams.domain.failure import Poison, TryLater

_KEYS = ("lead_id", "order_id", "provider_id", "key", "name", "wave")


class Trouble:
    """Called with a group and its event; `share` of the events fail until it is over."""

    def __init__(self, seed: int, share: float) -> None:
        self._seed, self._share = seed, share
        self._tries: Counter[str] = Counter()
        self.is_over = False

    def __call__(self, group: str, event: Any) -> None:
        if self.is_over or not self._share or isinstance(event, TimerDue):
            return  # a timer that fails is put off, which law 8 does not know
        said = "|".join(str(getattr(event, name, "")) for name in _KEYS)
        about = f"{self._seed}|{group}|{type(event).__name__}|{said}"
        lot = zlib.crc32(about.encode()) / 2**32 / self._share
        if lot >= 1:
            return
        self._tries[about] += 1
        if lot < 0.1:
            raise Poison("by a seed")
        if lot < 0.2:
            raise TryLater(timedelta(seconds=1))
        if self._tries[about] <= 1 + int(lot * 5):
            raise ValueError("by a seed")
