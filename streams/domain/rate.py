"""So many a second and not more: a token bucket as a pure machine."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_BURST_S = 0.1  # what was not used in the last tenth of a second may be made up for


@dataclass(slots=True)
class Bucket:
    """`per_second` tokens flow in; what is kept is at most a tenth of that, and at least one."""

    per_second: float
    level: float = 1.0
    at: datetime = _LONG_AGO

    def refill(self, now: datetime, per_second: float) -> None:
        """What has flowed in since the last time; `per_second` is the rate from now on."""
        since_s = max((now - self.at) / timedelta(seconds=1), 0.0)
        most = max(1.0, self.per_second * _BURST_S)
        self.level = min(most, self.level + since_s * self.per_second)
        self.at, self.per_second = max(now, self.at), per_second

    @property
    def has_token(self) -> bool:
        return self.level >= 1.0

    def take(self) -> None:
        self.level -= 1.0

    def next_at(self) -> datetime:
        """When there is a token again."""
        return self.at + timedelta(seconds=max(1.0 - self.level, 0.0) / self.per_second)
