"""Commands to running workers: records in a group's control topic, acted on by the task that owns the partition."""

import time
from typing import Any, Self

from streams.contracts import names
from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.runtime.clients import producer
from streams.runtime.outside import Stored, Unavailable

PATIENCE_S = 10.0


class Sender:
    """Sends commands, at most `rate` a second (0: no limit); leaving raises Unavailable where one was not taken."""

    def __init__(self, settings: Settings, rate: float = 0) -> None:
        self._names = Names(settings.prefix)
        self._producer = producer(settings)
        self._pause_s = 1 / rate if rate else 0.0
        self._next_at = time.monotonic()
        self._refused: list[str] = []

    def send(self, group: str, partition: int, command: str, letter: Stored | None = None) -> None:
        """`letter` goes along with its bytes and headers; pause and resume have none."""
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._next_at = max(self._next_at, time.monotonic()) + self._pause_s
        key, value, headers = (letter.key, letter.value, letter.headers) if letter else (None, b"", [])
        topic = self._names.topic(names.control(group))
        told: list[tuple[str, str | bytes | None]] = [*headers, ("xd_command", command.encode())]
        self._producer.produce(topic, value, key, partition, self._heard, headers=told)
        self._producer.poll(0)

    def _heard(self, error: Any, _message: Any) -> None:
        if error is not None:
            self._refused.append(str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        lost = self._producer.flush(PATIENCE_S) + len(self._refused)
        if kind is None and lost:
            reasons = ", ".join(sorted(set(self._refused))) or "no answer"
            raise Unavailable(f"{lost} commands were not taken ({reasons}); repeat them, each acts once")
