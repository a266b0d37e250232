"""How work fails: the exceptions a handler may raise, and the ladder's verdict on a failure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal


class TryLater(Exception):
    """Not now: try this record again, no sooner than `after` from now. Spends an attempt."""

    def __init__(self, after: timedelta = timedelta(0), reason: str = "try later") -> None:
        if not isinstance(after, timedelta):
            raise TypeError(f"TryLater waits for a timedelta, not {after!r}")
        super().__init__(reason)
        self.after = after


class Poison(Exception):
    """Never: no retry can help; the record goes to the dead letters with this reason."""


class Overdue(Poison):
    """The record is older than its partner's deadline; nobody waits behind it."""

    def __init__(self) -> None:
        super().__init__("deadline")


class Unreachable(TryLater):
    """Raised by channels: the partner as a whole seems down (refused, timeout, 429, 5xx); feeds its breaker."""


class Gone(Exception):
    """Raised by channels: the partner asked us to stop (HTTP 410); pauses it until it is resumed by hand."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The retry policy of a group: one lane a delay, and what happens after the last of them."""

    delays: tuple[timedelta, ...]
    then: Literal["park", "bury"]


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Stand in lane `lane` (1 is the first) until `due`."""

    lane: int
    due: datetime


@dataclass(frozen=True, slots=True)
class Bury:
    """Go to the dead letters; `holds` says whether the key waits behind it (`then: park`)."""

    reason: str
    holds: bool


Verdict = RetryAt | Bury


def verdict(ladder: Ladder, lane: int, error: Exception, now: datetime, expires_at: datetime | None = None) -> Verdict:
    """What becomes of a record that failed in `lane`, 0 for its source topic (docs/design.md, order under failure)."""
    holds = ladder.then == "park"
    if isinstance(error, Poison):
        return Bury(str(error), holds)
    wanted = error.after if isinstance(error, TryLater) else timedelta(0)
    higher = range(lane + 1, len(ladder.delays) + 1)
    if not higher:
        return Bury(str(error), holds)
    chosen = next((n for n in higher if ladder.delays[n - 1] >= wanted), higher[-1])
    due = now + ladder.delays[chosen - 1]
    if expires_at is not None and due > expires_at:
        return Bury("deadline", holds=False)
    return RetryAt(chosen, due)
