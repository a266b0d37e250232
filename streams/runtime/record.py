"""One record as the engine handles it: a Kafka message, or one that came back from a lane, the queue or a command."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Protocol

from streams.contracts.facts import Facts, facts_of, original
from streams.contracts.headers import Headers


class Message(Protocol):
    """What the engine uses of a confluent-kafka message."""

    def topic(self) -> str: ...
    def partition(self) -> int: ...
    def offset(self) -> int: ...
    def key(self) -> bytes | None: ...
    def value(self) -> bytes | None: ...
    def headers(self) -> list[tuple[str, bytes | None]] | None: ...
    def timestamp(self) -> tuple[int, int]: ...


class Record:
    """A message of `topic` (logical name) at its source coordinates, wherever it was kept since."""

    __slots__ = ("_at", "_headers", "_key", "_timestamp", "_value")

    def __init__(self, at: tuple[str, int, int], timestamp_ms: int, key: bytes | None, value: bytes | None,
                 headers: Headers | None) -> None:
        self._at, self._timestamp, self._key, self._value = at, timestamp_ms, key, value
        self._headers = None if headers is None else list(headers)

    def topic(self) -> str:
        return self._at[0]

    def partition(self) -> int:
        return self._at[1]

    def offset(self) -> int:
        return self._at[2]

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        return 2, self._timestamp


def _coordinates(message: Message) -> tuple[str, int, int]:
    return message.topic(), message.partition(), message.offset()


def id_of(message: Message) -> str:
    """`topic-partition-offset`, the identity of a record for ever."""
    return f"{message.topic()}-{message.partition()}-{message.offset()}"


def sourced(message: Message, topic: str) -> Record:
    """A message read from its own source topic, under that topic's logical name."""
    at = (topic, message.partition(), message.offset())
    return Record(at, message.timestamp()[1], message.key(), message.value(), message.headers())


def returned(message: Message) -> Record | None:
    """The source record inside a lane, dead or control record; None where its facts cannot be read."""
    headers = message.headers() or []
    facts = facts_of(headers)
    if facts is None:
        return None
    at = (facts.topic, facts.partition, facts.offset)
    return Record(at, facts.timestamp_ms, message.key(), message.value(), headers)


def history(record: Message) -> tuple[Headers, Facts | None]:
    """The source's own headers, untouched, and the facts of this record's failures so far; another's are no facts."""
    headers = record.headers() or []
    facts = facts_of(headers)
    if facts is None or (facts.topic, facts.partition, facts.offset) != _coordinates(record):
        return headers, None
    return original(headers), facts


def to_waiting(message: Message) -> bytes:
    """The entry of the `waiting` table: JSON, bytes in base64."""
    entry = {
        "topic": message.topic(), "partition": message.partition(), "offset": message.offset(),
        "timestamp": message.timestamp()[1], "key": _text(message.key()), "value": _text(message.value()),
        "headers": [[name, _text(value)] for name, value in message.headers() or []],
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def from_waiting(entry: bytes) -> Record:
    fields: Mapping[str, Any] = json.loads(entry)
    headers = [(name, _bytes(value)) for name, value in fields["headers"]]
    at = (fields["topic"], fields["partition"], fields["offset"])
    return Record(at, fields["timestamp"], _bytes(fields["key"]), _bytes(fields["value"]), headers)


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)
