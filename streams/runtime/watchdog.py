"""What ends a stuck process: a handler that hangs is blamed on its record, a worker that slept too long is a zombie."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from streams.contracts.names import Names
from streams.runtime.record import Message

SESSION_S = 6.0
_TICK_S = 0.5
_log = logging.getLogger(__name__)


class Watch:
    """Called with the record (or a timer's id) that is being tried, and with None when its handler has returned.

    `end` ends the process; it is called from the watch's own thread, with the reason.
    """

    def __init__(self, directory: Path, names: Names, timeout_s: float, end: Callable[[str], None]) -> None:
        self._file, self._names, self._timeout_s, self._end = directory / "hung", names, timeout_s, end
        self._at: Message | str | None = None
        self._ticked = time.monotonic()
        self._stop = Event()

    def __call__(self, tried: Message | str | None) -> None:
        self._at = tried

    def start(self) -> None:
        self._ticked = time.monotonic()
        Thread(target=self._run, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def hung(self) -> set[str]:
        """The records and timers that a handler hung on and that have not been settled since."""
        try:
            return set(json.loads(self._file.read_text()))
        except (OSError, ValueError):
            return set()

    def settled(self, ids: set[str]) -> None:
        """These are in a lane or dead or put off now, they are tried again."""
        if ids:
            self._file.write_text(json.dumps(sorted(self.hung() - ids)))

    def refuse_zombie(self) -> None:
        """Ends a process that slept longer than its session, before it polls: that would fence its successor."""
        if time.monotonic() - self._ticked > SESSION_S:
            self._end("the process slept longer than its session")

    def _run(self) -> None:
        seen, since = None, 0.0
        while not self._stop.wait(_TICK_S):
            self.refuse_zombie()
            self._ticked = now = time.monotonic()
            at = self._at
            if at is None or at is not seen:
                seen, since = at, now
            elif now - since > self._timeout_s:
                self._blame(at)
                return

    def _blame(self, at: Message | str) -> None:
        id = at if isinstance(at, str) else f"{self._names.logical(at.topic())}-{at.partition()}-{at.offset()}"
        self._file.write_text(json.dumps(sorted(self.hung() | {id})))
        self._end(f"the handler hung on {id} for {self._timeout_s:g} s")
