"""Time that stands still until somebody moves it; what is due on the way happens in its order."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from streams.runtime.parts import Clock

START = datetime(2026, 1, 1, tzinfo=UTC)


class Alarm:
    """Something that will happen at an instant unless it is cancelled."""

    __slots__ = ("call", "is_cancelled")

    def __init__(self, call: Callable[[], None]) -> None:
        self.call, self.is_cancelled = call, False

    def cancel(self) -> None:
        self.is_cancelled = True


class VirtualClock(Clock):
    """The clock of a cluster and of every engine on it; `sleep` is how a blocking call waits."""

    def __init__(self, start: datetime = START) -> None:
        self._now, self._start = start, start
        self._alarms: list[tuple[datetime, int, Alarm]] = []
        self._order = count()

    def now(self) -> datetime:
        return self._now

    @property
    def now_ms(self) -> int:
        return round(self._now.timestamp() * 1000)

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.advance_to(self._now + timedelta(seconds=seconds))

    def at(self, when: datetime, call: Callable[[], None]) -> Alarm:
        alarm = Alarm(call)
        heapq.heappush(self._alarms, (when, next(self._order), alarm))
        return alarm

    def after(self, seconds: float, call: Callable[[], None]) -> Alarm:
        return self.at(self._now + timedelta(seconds=seconds), call)

    @property
    def next_alarm(self) -> datetime | None:
        while self._alarms and self._alarms[0][2].is_cancelled:
            heapq.heappop(self._alarms)
        return self._alarms[0][0] if self._alarms else None

    def advance_to(self, when: datetime) -> None:
        """What is called on the way may move the clock itself, even beyond `when`."""
        while (due := self.next_alarm) is not None and due <= when:
            _, _, alarm = heapq.heappop(self._alarms)
            self._now = max(self._now, due)
            alarm.call()
        self._now = max(self._now, when)
