"""The schema registry that the cluster itself keeps, in the compacted topic `_schemas`."""

import time
from collections.abc import Callable, Mapping
from threading import Lock

from streams.contracts.registry import RegistryUnavailable, Schema, UnknownSchema, Unpublished
from streams.contracts.settings import Settings
from streams.runtime.schemas_topic import SchemasTopic, alone, write

FRESH_SECONDS = 30.0


class TopicRegistry:
    """Answers from memory; reads the topic on from where it stood for what it does not know, and every 30 seconds."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._topic = SchemasTopic(settings)
        self._latest: dict[str, tuple[int, Schema]] = {}
        self._fresh_until = 0.0
        self._lock = Lock()

    def latest(self, subject: str) -> tuple[int, Schema]:
        if self._clock() >= self._fresh_until:
            self._refresh(subject)
        known = self._latest.get(subject) or self._topic.book.latest(subject)
        if known is None:
            self._read()
            known = self._topic.book.latest(subject)
        if known is None:
            raise Unpublished(subject)
        self._latest[subject] = known
        return known

    def by_id(self, number: int) -> Schema:
        if number not in self._topic.book.schemas:
            self._read()
        if number not in self._topic.book.schemas:
            raise UnknownSchema(number)
        return self._topic.book.schemas[number]

    def versions(self, subject: str) -> list[Schema]:
        if self._topic.exists():
            self._read()
        return self._topic.book.versions(subject)

    def register(self, wanted: Mapping[str, Schema]) -> dict[str, int]:
        self._topic.ensure()
        self._read()
        if self._topic.book.entries(wanted):
            with alone(self._settings):
                self._read()
                write(self._settings, self._topic.book.entries(wanted))
                self._read()
        ids = self._topic.book.ids(wanted)
        if len(ids) < len(wanted):
            raise RegistryUnavailable("somebody else wrote to _schemas at the same time; publish again")
        return ids

    def close(self) -> None:
        with self._lock:
            self._topic.close()

    def _refresh(self, subject: str) -> None:
        """An app that knows a schema goes on writing with it while the cluster does not answer."""
        try:
            self._read()
        except RegistryUnavailable:
            if self._topic.book.latest(subject) is None:
                raise
            self._fresh_until = self._clock() + FRESH_SECONDS

    def _read(self) -> None:
        """Everything up to the end that the topic has now; raises RegistryUnavailable."""
        with self._lock:
            self._topic.read()
            self._latest = {}
            self._fresh_until = self._clock() + FRESH_SECONDS
