"""Where a consumer stands in each of its partitions, and what it fetches from there."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaError, Message, TopicPartition

from streams.testing.errors import refused
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


class Fetching:
    """Reads committed records only, or all of them; the end of each partition is told once, wherever it is."""

    def __init__(self, topics: Topics, is_committed_only: bool) -> None:
        self._topics, self._is_committed_only = topics, is_committed_only
        self._queue: deque[Message] = deque()
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
                position.fetch, position.is_paused = position.next, is_paused

    def take(self) -> Any | None:
        """The next record, end or error of any partition; None where there is nothing now."""
        if not self._queue:
            self._fetch()
        if not self._queue:
            return None
        message = self._queue.popleft()
        if message.error() is None:
            offset = message.offset()
            assert offset is not None
            self.positions[_place(message)].next = offset + 1
        return message

    @property
    def has_news(self) -> bool:
        if not self._queue:
            self._fetch()
        return bool(self._queue)

    def end(self, place: Place) -> int:
        log = self._topics.log(place)
        return log.stable_end if self._is_committed_only else log.end

    def _fetch(self) -> None:
        for place, position in list(self.positions.items()):
            if not position.is_paused and self._fetch_one(place, position):
                self.positions[place] = self.positions.pop(place)  # others come first the next time

    def _fetch_one(self, place: Place, position: Position) -> bool:
        log, end = self._topics.log(place), self.end(place)
        if not log.start <= position.fetch <= log.end:
            self._queue.append(_told(place, position.fetch, KafkaError._AUTO_OFFSET_RESET))
            position.is_paused = True
            return True
        stamped, limit = self._topics.by_name[place[0]].timestamp_type, self.limit()
        for stored in log.read(position.fetch, end):
            if limit <= 0:
                return True
            limit -= 1
            self._queue.append(
                Message(
                    topic=place[0], partition=place[1], offset=stored.offset, key=stored.key, value=stored.value,
                    headers=stored.headers,  # type: ignore[arg-type]
                    timestamp=(stamped, stored.time_ms),
                )
            )  # fmt: skip
            position.fetch = stored.offset + 1
        position.fetch = max(position.fetch, end)
        if position.eof != position.fetch:
            position.eof = position.fetch
            self._queue.append(_told(place, position.fetch, KafkaError._PARTITION_EOF))
        return True

    def _forget(self, place: Place) -> None:
        self._queue = deque(message for message in self._queue if _place(message) != place)
        self.positions[place].eof = -1

    def _real(self, place: Place, offset: int) -> int:
        if offset == OFFSET_BEGINNING:
            return self._topics.log(place).start
        return self.end(place) if offset == OFFSET_END else offset


def _place(message: Message) -> Place:
    topic, partition = message.topic(), message.partition()
    assert topic is not None and partition is not None
    return topic, partition


def _told(place: Place, offset: int, code: int) -> Message:
    return Message(topic=place[0], partition=place[1], offset=offset, error=KafkaError(code))
