"""Which events a task has done of late: the table `done`, so that one that comes again has no second effect."""

import struct
from collections.abc import Collection
from datetime import timedelta
from itertools import islice

from streams.contracts.durations import milliseconds
from streams.runtime.record import Message, cause
from streams.runtime.tables import DONE, Tables

_TIMES = struct.Struct(">qq")  # epoch ms: when the record was appended, when it was done
_LEAST, _A_RECORD = 64, 4  # entries that one look takes, and more for each one that is new


def event_id(record: Message) -> bytes:
    """The event's own id, `ce_id` or else the record's place; ids of two topics are never the same."""
    return f"{record.topic()} {cause(record.topic(), record).id}".encode("utf-8", "replace")


class Done:
    """Two records with one id are one event where less than `kept` lies between their append times."""

    def __init__(self, tables: Tables, topics: Collection[str], kept: timedelta) -> None:
        """`topics` (logical names) are those whose events are remembered."""
        self._tables, self._topics, self._kept_ms = tables, topics, milliseconds(kept)
        self._at: bytes | None = b""  # how far the look for what is old enough has come; None: it rests
        self._new = 0
        self._next_ms = 0

    def knows(self, record: Message) -> bool:
        """Whether its event is done already."""
        if record.topic() not in self._topics:
            return False
        entry = self._tables.get(DONE + event_id(record))
        return entry is not None and abs(record.timestamp()[1] - _TIMES.unpack(entry)[0]) < self._kept_ms

    def remember(self, record: Message, now_ms: int) -> None:
        if record.topic() in self._topics and not self.knows(record):
            self._tables.put(DONE + event_id(record), _TIMES.pack(record.timestamp()[1], now_ms))
            self._new += 1

    def forget(self, record: Message) -> None:
        """It is to be done once more."""
        self._tables.put(DONE + event_id(record), None)

    def forget_old(self, now_ms: int, read_ms: int) -> None:
        """A look at a few entries, twice in `kept` at all of them; everything appended before `read_ms` is read."""
        room, seen, self._new = _LEAST + _A_RECORD * self._new, 0, 0
        if self._at is None and now_ms < self._next_ms:
            return
        for key, entry in islice(self._tables.scan(DONE, self._at or b""), room):
            appended_ms, done_ms = _TIMES.unpack(entry)
            is_old = min(read_ms - appended_ms, now_ms - done_ms) >= self._kept_ms
            if is_old and self._tables.get(DONE + key) == entry:
                self._tables.put(DONE + key, None)
            seen, self._at = seen + 1, key + b"\0"
        if seen < room:
            self._at, self._next_ms = None, now_ms + self._kept_ms // 2
