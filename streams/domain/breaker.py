"""A partner that is down is not a record that fails: the circuit breaker as a pure machine (docs/design.md)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

State = Literal["up", "down", "paused"]


@dataclass(slots=True)
class Breaker:
    """Opens after outage failures on `opens_after` different keys without a success between; one success closes it.

    `paused` is by hand, or because the partner said 410: only `resume` ends it.
    """

    opens_after: int
    probe_every: timedelta
    state: State = "up"
    reason: str = ""
    suspects: set[bytes] = field(default_factory=set)
    next_probe: datetime | None = None

    def succeeded(self) -> bool:
        """A delivery succeeded; True where that changed the state."""
        self.suspects.clear()
        if self.state != "down":
            return False
        self.state, self.reason = "up", ""
        return True

    def unreachable(self, key: bytes, now: datetime, reason: str) -> bool:
        """A delivery found nobody there; True where that opened the breaker."""
        self.suspects.add(key)
        if self.state != "up" or len(self.suspects) < self.opens_after:
            return False
        self.state, self.reason, self.next_probe = "down", reason, now + self.probe_every
        return True

    def pause(self, reason: str) -> None:
        self.state, self.reason = "paused", reason

    def resume(self) -> None:
        self.state, self.reason = "up", ""
        self.suspects.clear()

    def lets_through(self, now: datetime) -> bool:
        """Whether one more record may be tried: always while up, once an interval while down, never while paused."""
        if self.state != "down":
            return self.state == "up"
        if self.next_probe is not None and now < self.next_probe:
            return False
        self.next_probe = now + self.probe_every
        return True
