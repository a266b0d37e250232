"""SIGTERM and SIGINT as an event, so that what runs can end in its own order."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SAME_SIGNAL_S = 1.0
_GLANCE_S = 0.1


class Asked(threading.Event):
    """Set from a signal handler by assignment: Event.set takes a lock that the interrupted code may hold."""

    def __init__(self) -> None:
        super().__init__()
        self._asked_at: float | None = None

    def hear(self, number: int, _: object) -> None:
        """The handler. The same signal again at once is an echo: a launcher that passes signals on makes two of one."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()
        elif time.monotonic() > self._asked_at + _SAME_SIGNAL_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def is_set(self) -> bool:
        return self._asked_at is not None or super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        end = time.monotonic() + (threading.TIMEOUT_MAX if timeout is None else timeout)
        while not self.is_set() and (left := end - time.monotonic()) > 0:
            super().wait(min(left, _GLANCE_S))
        return self.is_set()


class RealClock:
    """The monotonic clock; a stop ends its sleeps."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._stop.wait(max(0.0, seconds))

    def is_stopped(self) -> bool:
        return self._stop.is_set()


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that the first SIGTERM or SIGINT sets; one much later ends the process as usual. Main thread only."""
    stop = Asked()
    usual = {number: signal.signal(number, stop.hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        if not stop.is_set():
            for number, handler in usual.items():
                signal.signal(number, handler)
