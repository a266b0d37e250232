"""The watchdog of an engine in memory: it has no thread, and sees a sleep longer than the session by the clock."""

from collections.abc import Callable
from pathlib import Path

from streams.contracts.names import Names
from streams.runtime.watchdog import SESSION_S, Watch
from streams.testing.clock import VirtualClock


class VirtualWatch(Watch):
    """`tick` stands for the watch's own thread: it is called while the process is not frozen."""

    def __init__(self, clock: VirtualClock, directory: Path, end: Callable[[str], None]) -> None:
        super().__init__(directory, Names(), 0.0, end, lambda: True)
        self._clock = clock
        self.tick()

    def tick(self) -> None:
        self._ticked = self._clock.monotonic()

    def refuse_zombie(self) -> None:
        if self._clock.monotonic() - self._ticked > SESSION_S:
            self._end("the process slept longer than its session")
