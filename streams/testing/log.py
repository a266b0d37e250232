"""One partition: records and commit markers by offset, and what of them a reader may see."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from streams.testing.clock import VirtualClock

Headers = list[tuple[str, bytes | None]]


@dataclass(slots=True)
class Stored:
    """One offset of the log. A marker (`is_control`) and an aborted record keep their offset and are never seen."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None
    time_ms: int
    producer: int | None = None
    is_control: bool = False
    is_aborted: bool = False


class Log:
    """Offsets never come back: `end` is the next one, `start` the first that was not deleted."""

    def __init__(self) -> None:
        self.start = self.end = 0
        self._records: list[Stored] = []
        self._open: dict[int, int] = {}  # producer -> first offset of its transaction

    @property
    def stable_end(self) -> int:
        """The last stable offset: before it everything is decided."""
        return min(self._open.values(), default=self.end)

    def append(self, record: Stored) -> Stored:
        record.offset = self.end
        self.end += 1
        self._records.append(record)
        if record.producer is not None:
            self._open.setdefault(record.producer, record.offset)
        return record

    def decide(self, producer: int, is_commit: bool, clock: VirtualClock) -> None:
        """The marker takes an offset, also where the transaction wrote nothing here."""
        first = self._open.pop(producer, self.end)
        if not is_commit:
            for record in self._records[self._index(first) :]:
                record.is_aborted |= record.producer == producer
        self.append(Stored(-1, None, None, None, clock.now_ms, is_control=True))

    def read(self, offset: int, end: int) -> Iterator[Stored]:
        """What is visible from `offset` up to `end`."""
        return (record for record in self.fetch(offset, end) if not record.is_control)

    def fetch(self, offset: int, end: int) -> Iterator[Stored]:
        """What a client gets of it: the markers, too."""
        for index in range(self._index(offset), len(self._records)):
            record = self._records[index]
            if record.offset >= end:
                return
            if not record.is_aborted:
                yield record

    def delete_before(self, offset: int) -> None:
        self.start = max(self.start, offset)
        self._records = self._records[self._index(self.start) :]

    def compact(self) -> None:
        """Of each key only its newest decided record stays; markers and what is undecided stay, too."""
        decided = [record for record in self.read(self.start, self.stable_end) if record.key is not None]
        newest = {record.key: record.offset for record in decided}
        old = {record.offset for record in decided if newest[record.key] != record.offset}
        self._records = [record for record in self._records if record.offset not in old and not record.is_aborted]

    def _index(self, offset: int) -> int:
        return bisect_left(self._records, offset, key=lambda record: record.offset)
