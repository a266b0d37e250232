"""A task's durable timers: a table restored with the partition, and a heap of what is due next."""

import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass

from streams.runtime.tables import TIMER, Tables


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    due_ms: int
    key: bytes
    name: str
    wave: int = 0


class Timers:
    """Every timer of a task by (key, name); a timer of a key that waits behind a failure waits with it."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._set: dict[tuple[bytes, str], Timer] = {}
        self._behind: dict[bytes, list[Timer]] = {}
        for key, value in tables.scan(TIMER):
            owner, _, name = key.rpartition(b"\0")
            fields = json.loads(value)
            timer = Timer(fields["due"], owner, name.decode(), fields["wave"])
            self._set[owner, timer.name] = timer
        self._heap = sorted((timer.due_ms, timer) for timer in self._set.values())

    def __len__(self) -> int:
        return len(self._set)

    def set(self, timer: Timer) -> None:
        self.put_off(timer, timer.due_ms)

    def put_off(self, timer: Timer, until_ms: int) -> None:
        """It is set, as due as it says, but this process looks at it only then: its handler has failed."""
        self._set[timer.key, timer.name] = timer
        heapq.heappush(self._heap, (until_ms, timer))
        value = json.dumps({"due": timer.due_ms, "wave": timer.wave}, separators=(",", ":")).encode()
        self._tables.put(_key(timer.key, timer.name), value)

    def cancel(self, key: bytes, name: str) -> None:
        if self._set.pop((key, name), None) is not None:
            self._tables.put(_key(key, name), None)

    def next_due_ms(self) -> int | None:
        """When the earliest timer of a key that is free is due; None where none is set."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def take(self, until_ms: int, is_held: Callable[[bytes], bool]) -> Timer | None:
        """The earliest timer due at or before `until_ms`, removed; timers of held keys are put aside."""
        while (due := self.next_due_ms()) is not None and due <= until_ms:
            _, timer = heapq.heappop(self._heap)
            if is_held(timer.key):
                self._behind.setdefault(timer.key, []).append(timer)
                continue
            self.cancel(timer.key, timer.name)
            return timer
        return None

    def freed(self, key: bytes) -> None:
        """The key waits no more; what came due meanwhile fires in due order."""
        for timer in self._behind.pop(key, ()):
            heapq.heappush(self._heap, (timer.due_ms, timer))

    def _drop_stale(self) -> None:
        while self._heap and self._set.get((self._heap[0][1].key, self._heap[0][1].name)) is not self._heap[0][1]:
            heapq.heappop(self._heap)


def _key(key: bytes, name: str) -> bytes:
    return TIMER + key + b"\0" + name.encode()
