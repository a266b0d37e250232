"""Where a consumer stands in each of its partitions, and what it fetches from there."""

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaError, Message, TopicPartition

from streams.testing.errors import refused
from streams.testing.log import Stored
from streams.testing.topics import Place, Topics

FETCH = 500  # records of one partition that come at once


class Position:
    """`next` is what the application gets next; `fetch` what is fetched next, ahead of it."""

    __slots__ = ("eof", "fetch", "is_paused", "next")

    def __init__(self, offset: int) -> None:
        self.next = self.fetch = offset
        self.is_paused, self.eof = False, -1

    def go(self, offset: int) -> None:
        self.next = self.fetch = offset
        self.eof = -1


class Fetched(NamedTuple):
    """Something fetched ahead; `message` is None for a marker, which only moves the position."""

    place: Place
    next: int
    message: Message | None


class Fetching:
    """Reads committed records only, or all of them; the end of each partition is told once, wherever it is."""

    def __init__(self, topics: Topics, is_committed_only: bool) -> None:
        self._topics, self._is_committed_only = topics, is_committed_only
        self._queue: deque[Fetched] = deque()
        self.limit: Callable[[], int] = lambda: FETCH
        self.positions: dict[Place, Position] = {}

    def assign(self, parts: Iterable[TopicPartition]) -> None:
        self._queue.clear()
        self.positions = {}
        for part in parts:
            place = part.topic, part.partition
            self.positions[place] = Position(self._real(place, part.offset))

    def seek(self, part: TopicPartition) -> None:
        place = part.topic, part.partition
        if place not in self.positions:
            raise refused(KafkaError._STATE, "the partition is not assigned")
        self._forget(place)
        self.positions[place].go(self._real(place, part.offset))

    def pause(self, parts: Iterable[TopicPartition], is_paused: bool) -> None:
        """What was fetched ahead of a pause is fetched again after it."""
        for part in parts:
            position = self.positions.get((part.topic, part.partition))
            if position is not None and position.is_paused != is_paused:
                self._forget((part.topic, part.partition))
                position.go(position.next)
                position.is_paused = is_paused

    def take(self) -> Message | None:
        """The next record, end or error of any partition; None where there is nothing now."""
        if not self._queue:
            self._fetch()
        while self._queue:
            place, after, message = self._queue.popleft()
            self.positions[place].next = after
            if message is not None:
                return message
        return None

    @property
    def has_news(self) -> bool:
        if not self._queue:
            self._fetch()
        return bool(self._queue)

    def _fetch(self) -> None:
        for place, position in list(self.positions.items()):
            if not position.is_paused and self._fetch_one(place, position):
                self.positions[place] = self.positions.pop(place)  # others come first the next time

    def _fetch_one(self, place: Place, position: Position) -> bool:
        """Whether there was anything to fetch."""
        log = self._topics.log(place)
        if not log.start <= position.fetch <= log.end:
            self._tell(place, position.fetch, KafkaError._AUTO_OFFSET_RESET)
            position.is_paused = True
            return True
        end = log.stable_end if self._is_committed_only else log.end
        if position.fetch >= end and position.eof == position.fetch:
            return False
        before, kind = len(self._queue), self._topics.by_name[place[0]]
        for stored in islice(log.fetch(position.fetch, end), self.limit()):
            message = None if stored.is_control else _message(place, stored, kind.timestamp_type)
            self._queue.append(Fetched(place, stored.offset + 1, message))
            position.fetch = stored.offset + 1
        if next(log.fetch(position.fetch, end), None) is None and position.eof != max(end, position.fetch):
            position.eof = position.fetch = max(end, position.fetch)
            self._tell(place, position.fetch, KafkaError._PARTITION_EOF)
        return len(self._queue) > before

    def _tell(self, place: Place, offset: int, code: int) -> None:
        message = Message(topic=place[0], partition=place[1], offset=offset, error=KafkaError(code))
        self._queue.append(Fetched(place, offset, message))

    def _forget(self, place: Place) -> None:
        self._queue = deque(fetched for fetched in self._queue if fetched.place != place)

    def _real(self, place: Place, offset: int) -> int:
        log = self._topics.log(place)
        if offset == OFFSET_BEGINNING:
            return log.start
        if offset == OFFSET_END:
            return log.stable_end if self._is_committed_only else log.end
        return offset


def _message(place: Place, stored: Stored, timestamp_type: int) -> Message:
    return Message(
        topic=place[0], partition=place[1], offset=stored.offset, key=stored.key, value=stored.value,
        headers=stored.headers,  # type: ignore[arg-type]
        timestamp=(timestamp_type, stored.time_ms),
    )  # fmt: skip
