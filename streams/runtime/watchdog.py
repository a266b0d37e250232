"""What ends a stuck process: a handler that hangs, a transaction without an answer, a sleep longer than the session."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from streams.contracts.names import Names
from streams.runtime.record import Message
from streams.runtime.transaction import Batch

SESSION_S = 6.0
COMMIT_S = 12.0  # the broker has long aborted what is older (clients.py)
_TICK_S = 0.5
_log = logging.getLogger(__name__)


class Watch:
    """Called with what begins (a record or a timer's id is tried, a batch is committed), and with None when it is over.

    `end` ends the process; it is called from the watch's own thread, with the reason. A transaction waits as long as
    Kafka is away; where `is_kafka_up`, a client without an answer is beyond help
    (https://github.com/confluentinc/librdkafka/issues/5511).
    """

    def __init__(
        self,
        directory: Path,
        names: Names,
        timeout_s: float,
        end: Callable[[str], None],
        is_kafka_up: Callable[[], bool],
    ) -> None:
        self._file, self._names, self._timeout_s, self._end = directory / "hung", names, timeout_s, end
        self._is_kafka_up = is_kafka_up
        self._at: Message | Batch | str | None = None
        self._seen: Message | Batch | str | None = None
        self._since = 0.0
        self._ticked = time.monotonic()
        self._stop = Event()

    def __call__(self, begun: Message | Batch | str | None) -> None:
        self._at = begun

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

    def look(self, now: float) -> None:
        """Once every tick, in seconds of a clock that never goes back."""
        at, age = self._at, now - self._since
        if at is None or at is not self._seen:
            self._seen, self._since = at, now
        elif isinstance(at, Batch):
            if age <= COMMIT_S:
                return
            if not self._is_kafka_up():
                self._since = now  # once it is back, the answer is given its time
            elif self._at is at:
                self._end(f"a transaction has had no answer for {COMMIT_S:g} s")
        elif age > self._timeout_s:
            self._stop.set()
            self._blame(at)

    def _run(self) -> None:
        while not self._stop.wait(_TICK_S):
            self.refuse_zombie()
            self._ticked = time.monotonic()
            self.look(self._ticked)

    def _blame(self, at: Message | str) -> None:
        id = at if isinstance(at, str) else f"{self._names.logical(at.topic())}-{at.partition()}-{at.offset()}"
        self._file.write_text(json.dumps(sorted(self.hung() | {id})))
        self._end(f"the handler hung on {id} for {self._timeout_s:g} s")
