"""What is measured: who is in which trouble, and what the healthy notice of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Self

NONE, DEAD, SLOW, POISONED, LYING = "none", "dead", "slow", "poisoned", "lying"


@dataclass(frozen=True, slots=True)
class Case:
    """`share` of the others, one at least, are in this trouble."""

    trouble: str
    share: float = 0.0

    def among(self, others: Sequence[str]) -> int:
        return 0 if self.trouble == NONE else max(1, round(self.share * len(others)))

    @property
    def title(self) -> str:
        if self.trouble == NONE:
            return "all well"
        return f"{'half' if self.share else 'one'} {self.trouble}"


def cases(*troubles: str) -> list[Case]:
    """All well; then one of the others, and half of them, in each trouble."""
    return [Case(NONE), *(Case(trouble, share) for trouble in troubles for share in (0.0, 0.5))]


@dataclass(frozen=True, slots=True)
class Seen:
    """Of the healthy: how long each event waited for them (ms), and how many a second each of them did of a burst."""

    p50_ms: float
    p99_ms: float
    a_second: float

    @classmethod
    def of(cls, waits_ms: Sequence[float], a_second: float) -> Self:
        cut = quantiles(waits_ms, n=100, method="inclusive")
        return cls(cut[49], cut[98], a_second)


def paced(seconds: float, a_second: float, send: Callable[[int], None]) -> None:
    """Calls `send` with 0, 1, … at an even pace."""
    began = time.monotonic()
    for number in range(round(seconds * a_second)):
        time.sleep(max(0.0, began + number / a_second - time.monotonic()))
        send(number)
