"""One record as the engine handles it: a Kafka message, or one that came back from a lane, the queue or a command."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

from streams.contracts.envelope import Cause, cause_of
from streams.contracts.facts import Facts, facts_of, original
from streams.contracts.headers import Headers
from streams.contracts.varint import number_at, varint


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


def time_of(record: Message) -> datetime:
    return _instant(record.timestamp()[1])


@lru_cache(maxsize=1024)
def _instant(epoch_ms: int) -> datetime:
    """Cached, for records come many a millisecond."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def happened(record: Message) -> datetime:
    """When what it tells of was appended: an effect says of its cause when that was, which may be long before."""
    said = dict(record.headers() or ()).get("ce_time")
    try:
        return min(time_of(record), datetime.fromisoformat((said or b"").decode()))
    except (ValueError, TypeError):  # no time, or one without a zone
        return time_of(record)


def cause(topic: str, record: Message) -> Cause:
    return cause_of(record.headers() or [], topic, record.partition(), record.offset(), time_of(record))


def to_waiting(message: Message) -> bytes:
    """The entry of the `waiting` table: its coordinates as a line of JSON, then key, value and headers as they are.

    It is hardly larger than the record itself, so that the changelog takes it.
    """
    place = {
        "topic": message.topic(), "partition": message.partition(), "offset": message.offset(),
        "timestamp": message.timestamp()[1],
    }  # fmt: skip
    headers = (part for name, value in message.headers() or () for part in (name.encode(), value))
    framed = (_framed(part) for part in (message.key(), message.value(), *headers))
    return b"".join([json.dumps(place, separators=(",", ":")).encode(), b"\n", *framed])


def from_waiting(entry: bytes) -> Record:
    line, _, body = entry.partition(b"\n")
    place: Mapping[str, Any] = json.loads(line)
    key, value, *headers = _parts(body)
    names = [(name or b"").decode() for name in headers[::2]]
    at = (place["topic"], place["partition"], place["offset"])
    return Record(at, place["timestamp"], key, value, list(zip(names, headers[1::2], strict=True)))


def _framed(part: bytes | None) -> bytes:
    return varint(-1) if part is None else varint(len(part)) + part


def _parts(body: bytes) -> Iterator[bytes | None]:
    at = 0
    while at < len(body):
        length, at = number_at(body, at)
        yield None if length < 0 else body[at : at + length]
        at += max(length, 0)
