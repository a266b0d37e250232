"""Partition p of everything an app reads: its streams, its tables, and how far each of them is done."""

from collections import deque
from datetime import timedelta
from enum import Enum, auto
from typing import Protocol

from streams.runtime.done import Done
from streams.runtime.keys import Keys
from streams.runtime.record import Message
from streams.runtime.tables import Tables
from streams.runtime.timers import Timers

_ROOM = {"source": 2_000, "own": 1_000, "lane": 200, "control": 1_000}


class Role(Enum):
    SOURCE = auto()
    OWN = auto()
    LANE = auto()
    CONTROL = auto()


class Flight(Protocol):
    """A record that left its buffer and whose end is awaited."""

    @property
    def offset(self) -> int: ...
    @property
    def appended_ms(self) -> int: ...


class Stream:
    """One Kafka partition that a task reads; `topic` is its logical name, `lane` its number on the ladder (else 0)."""

    __slots__ = ("buffer", "committed", "end", "flying", "fresh", "is_paused", "lane", "looked_s", "partition",
                 "polled", "role", "room", "seen", "topic")

    def __init__(self, topic: str, partition: int, role: Role, lane: int = 0) -> None:
        self.topic, self.partition, self.role, self.lane = topic, partition, role, lane
        self.room = _ROOM[role.name.lower()]
        self.buffer: deque[Message] = deque()
        self.flying: deque[Flight] = deque()
        self.fresh = 0  # records that no metric has counted yet
        self.reset(0)

    def reset(self, offset: int) -> None:
        """Reading goes on at `offset`, which is committed; what was buffered is read again."""
        self.buffer.clear()
        self.flying.clear()
        self.committed = self.polled = offset
        self.end = -1
        self.is_paused, self.seen, self.looked_s = False, -1, -1.0

    @property
    def done(self) -> int:
        """The lowest offset that is not finished: what a commit says, and how far a timer may trust this input."""
        if self.flying:
            return self.flying[0].offset
        if self.buffer:
            return self.buffer[0].offset()
        return max(self.polled, self.end)

    def read_ms(self, now_ms: int) -> int:
        """Everything appended before this is finished; 0 where that is not known yet."""
        if self.flying:
            return self.flying[0].appended_ms
        if self.buffer:
            return self.buffer[0].timestamp()[1]
        return now_ms if self.end >= self.polled else 0

    @property
    def is_full(self) -> bool:
        return len(self.buffer) + len(self.flying) >= self.room

    def look(self) -> None:
        """Remember the oldest record that waits, so that the next look tells whether it has moved."""
        self.seen = self.buffer[0].offset() if self.buffer else -1

    @property
    def has_rested(self) -> bool:
        """The oldest record is still the one that the last look saw."""
        return bool(self.buffer) and self.buffer[0].offset() == self.seen


class Task:
    """Live from the moment its tables are restored until its partitions are revoked; only live tasks work."""

    def __init__(
        self, partition: int, streams: list[Stream], tables: Tables, dedupe: timedelta | None = None
    ) -> None:
        """`dedupe` is for how long an event that is done is known."""
        self.partition, self.tables, self._dedupe = partition, tables, dedupe
        self.streams = {stream.topic: stream for stream in streams}
        self.sources = [stream for stream in streams if stream.role is Role.SOURCE]
        self.inputs = [stream for stream in streams if stream.role in (Role.SOURCE, Role.OWN)]
        self.lanes = [stream for stream in streams if stream.role is Role.LANE]
        self.own = [stream for stream in streams if stream.role is Role.OWN]
        self.control = [stream for stream in streams if stream.role is Role.CONTROL]
        self.is_live = False
        self.not_before_ms = 0  # the registry did not answer: nothing is tried before this
        self.changelog_next, self.changelog_id = 0, ""

    def load(self) -> None:
        """The tables' copies in memory, read from the store: at the start, and after an abort threw changes away."""
        self.tables.rolled_back()
        self.keys = Keys(self.tables)
        self.timers = Timers(self.tables)
        topics = {stream.topic for stream in self.own or self.sources}
        self.done = None if self._dedupe is None else Done(self.tables, topics, self._dedupe)

    def forget_old(self, now_ms: int) -> None:
        """Events that were done long ago."""
        if self.done is not None:
            self.done.forget_old(now_ms, min((stream.read_ms(now_ms) for stream in self.inputs), default=now_ms))
