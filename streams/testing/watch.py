"""The watchdog of an engine in memory: it has no thread, and sees by the clock how long its process was frozen."""

from pathlib import Path

from streams.contracts.names import Names
from streams.runtime.watchdog import SESSION_S, Watch
from streams.testing.clock import VirtualClock
from streams.testing.process import Process


class VirtualWatch(Watch):
    """Ends a process that slept longer than its session; handlers that hang are beyond a clock that stands still."""

    def __init__(self, clock: VirtualClock, directory: Path, process: Process) -> None:
        super().__init__(directory, Names(), 0.0, self._kill, lambda: True)
        self._clock, self._process = clock, process
        self._slept_s, self._frozen_at = 0.0, 0.0
        process.on_silent.append(self._sleep)
        process.on_thaw.append(self._wake)

    def refuse_zombie(self) -> None:
        if self._slept_s > SESSION_S:
            self._end("the process slept longer than its session")

    def _sleep(self) -> None:
        self._frozen_at = self._clock.monotonic()

    def _wake(self) -> None:
        self._slept_s = self._clock.monotonic() - self._frozen_at

    def _kill(self, reason: str) -> None:
        self._process.kill()
        self._process.ask(reason, "before")
