"""A partner that is down is not a record that fails: the circuit breaker as a pure machine (docs/design.md)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

State = Literal["up", "down", "paused"]
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


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
    quiet_until: datetime = _LONG_AGO  # Retry-After: no probe sooner

    def succeeded(self) -> bool:
        """A delivery succeeded; True where that changed the state."""
        self._forget()
        if self.state != "down":
            return False
        self.state, self.reason = "up", ""
        return True

    def unreachable(self, key: bytes, now: datetime, reason: str, after: timedelta = timedelta(0)) -> bool:
        """A delivery found nobody there, or was asked to wait for `after`; True where that opened the breaker."""
        self.suspects.add(key)
        self.quiet_until = max(self.quiet_until, now + after)
        has_opened = self.state == "up" and len(self.suspects) >= self.opens_after
        if has_opened:
            self.state, self.reason, self.next_probe = "down", reason, now + self.probe_every
        if self.state == "down" and self.next_probe is not None:
            self.next_probe = max(self.next_probe, self.quiet_until)
        return has_opened

    def pause(self, reason: str) -> None:
        self.state, self.reason = "paused", reason

    def resume(self) -> None:
        self.state, self.reason = "up", ""
        self._forget()

    def lets_through(self, now: datetime) -> bool:
        """Whether one more record may be tried: always while up, once an interval while down, never while paused."""
        if self.state != "down":
            return self.state == "up"
        if self.next_probe is not None and now < self.next_probe:
            return False
        self.next_probe = now + self.probe_every
        return True

    def _forget(self) -> None:
        self.suspects.clear()
        self.quiet_until = _LONG_AGO
