"""SIGTERM and SIGINT as an event, so that what runs can end in its own order."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SAME_SIGNAL_S = 1.0
_GLANCE_S = 0.1


class Asked(threading.Event):
    """Set from a signal handler by assigning `is_asked`: Event.set takes a lock that the interrupted code may hold."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = False

    def is_set(self) -> bool:
        return self.is_asked or super().is_set()

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
    usual = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    asked_at = 0.0

    def restore() -> None:
        for number, handler in usual.items():
            signal.signal(number, handler)

    def ask(number: int, _: object) -> None:
        # a launcher that passes signals on makes two of one
        nonlocal asked_at
        if not stop.is_set():
            asked_at = time.monotonic()
            stop.is_asked = True
        elif time.monotonic() > asked_at + _SAME_SIGNAL_S:
            restore()
            signal.raise_signal(number)

    for number in usual:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        if not stop.is_set():
            restore()
