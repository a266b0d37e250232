"""Read-only tables: a compacted topic that every worker which names it reads whole, outside its group."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from streams.contracts.codec import Undecodable
from streams.contracts.registry import RegistryUnavailable, UnknownSchema
from streams.domain.events import Event
from streams.runtime.parts import Parts
from streams.runtime.positions import Place

_STEP, _PATIENCE = 2_000, 50
_log = logging.getLogger(__name__)


class View(Mapping[str, Event]):
    """The newest record of each key."""

    def __init__(self) -> None:
        self._records: dict[str, Event] = {}

    def __getitem__(self, key: str) -> Event:
        return self._records[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def put(self, key: str, record: Event | None) -> None:
        if record is None:
            self._records.pop(key, None)
        else:
            self._records[key] = record


class Broadcast:
    """Keeps one view up to date, a step at a time, between the engine's turns."""

    def __init__(self, topic: str, partitions: int, parts: Parts) -> None:
        self.view = View()
        self._topic, self._codec = topic, parts.codec
        self.places = [(parts.names.topic(topic), n) for n in range(partitions)]
        self._reached = dict.fromkeys(self.places, 0)
        self._reader: Any = parts.reader()
        self._reader.assign([TopicPartition(*place, 0) for place in self.places])

    def read(self, ends: Mapping[Place, int]) -> bool:
        """Read on towards these ends, for half a second at most where nothing comes; whether they were reached.

        What cannot be decoded is told in the log and passed over: every worker reads it, so it is no dead letter.
        """
        for _ in range(_PATIENCE):
            if self._has_reached(ends):
                return True
            first = self._reader.poll(0.01)
            if first is not None:
                self._apply_all([first, *self._reader.consume(_STEP, 0)])
        return self._has_reached(ends)

    def close(self) -> None:
        self._reader.close()

    def _has_reached(self, ends: Mapping[Place, int]) -> bool:
        return all(self._reached[place] >= end for place, end in ends.items())

    def _apply_all(self, messages: Iterable[Any]) -> None:
        again: set[Place] = set()  # the reader was set back here: what follows comes once more, behind it
        for message in messages:
            place = message.topic(), message.partition()
            if place in again:
                continue
            try:
                self._apply(message, place)
            except RegistryUnavailable:
                self._reached[place] = message.offset()
                self._reader.seek(TopicPartition(*place, message.offset()))
                again.add(place)

    def _apply(self, message: Any, place: Place) -> None:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._reached[place] = message.offset()
            return
        self._reached[place] = message.offset() + 1
        value = message.value()
        time = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
        try:
            record = None if value is None else self._codec.decode(self._topic, value, time)
        except (Undecodable, UnknownSchema) as error:
            _log.warning("%s-%d-%d is passed over: %s", *place, message.offset(), error)
            return
        self.view.put((message.key() or b"").decode(errors="replace"), record)
