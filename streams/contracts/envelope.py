"""The headers of a record: who caused it, and its id (CloudEvents 1.0 in Kafka's binary mode, W3C trace context)."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from typing import NamedTuple
from uuid import NAMESPACE_DNS, uuid5

from streams.contracts.facts import Facts, dead_letter, due_at_ms, facts_of, fingerprint, original, with_facts
from streams.contracts.headers import Headers, Written, decoded
from streams.domain.events import TimerDue

__all__ = [
    "Cause",
    "Facts",
    "cause_of",
    "dead_letter",
    "due_at_ms",
    "effect_id",
    "facts_of",
    "fingerprint",
    "instant",
    "original",
    "outgoing",
    "passed_on",
    "timer_cause",
    "with_facts",
]

NAMESPACE = uuid5(NAMESPACE_DNS, "crossdock")  # of every id; the name in it is group/cause id/index
MAX_ID_BYTES = 512
_SEED = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # RFC 9562: the two high bits are 10
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?\Z")


class Cause(NamedTuple):
    """What a record's effects are traced back to; `time` is its append time, or the timer's due time."""

    id: str
    correlation: str
    traceparent: str | None
    time: datetime


def cause_of(headers: Headers | None, topic: str, partition: int, offset: int, time: datetime) -> Cause:
    """The cause that a record is; without a usable `ce_id` its id is topic-partition-offset."""
    place = f"{topic}-{partition}-{offset}"
    if not headers:
        return Cause(place, place, None, time)
    last = dict(headers)  # of equal headers the last counts, as with Java's lastHeader
    number = _id(last.get("ce_id")) or place
    parent = decoded(last.get("traceparent"))
    known = parent if parent and _TRACEPARENT.match(parent) else None
    return Cause(number, _id(last.get("ce_correlationid")) or number, known, time)


def timer_cause(timer: TimerDue, due: datetime) -> Cause:
    """The cause that a due timer is: its key, name and wave, so that a repeat has the same effects' ids."""
    number = f"{timer.key}/{timer.name}/{timer.wave}"
    return Cause(number, timer.key, None, due)


def effect_id(group: str, cause_id: str, index: int) -> str:
    """The UUIDv5 of `group/cause_id/index` in NAMESPACE: uuid.uuid5 by hand, which costs a fifth."""
    name = sha1(_SEED + f"{group}/{cause_id}/{index}".encode("utf-8", "replace")).hexdigest()
    return f"{name[:8]}-{name[8:12]}-5{name[13:16]}-{_VARIANT[name[16]]}{name[17:20]}-{name[20:32]}"


def outgoing(cause: Cause, group: str, index: int, topic: str) -> Written:
    """The headers of the effect number `index` that `group` derives from this cause."""
    number = effect_id(group, cause.id, index)
    return [
        ("ce_id", number.encode()),
        *_constant(group, topic),
        ("ce_time", _instant(cause.time)),
        ("ce_correlationid", cause.correlation.encode()),
        ("ce_causationid", cause.id.encode()),
        ("traceparent", _trace(cause, number).encode()),
    ]


def passed_on(headers: Written, id: str, causation: str | None) -> Written:
    """The same headers for an effect that is known elsewhere already: under its own id, and with its own cause."""
    own = {"ce_id": id, "ce_causationid": causation}
    told = [(name, value) for name, value in headers if name not in own]
    return [("ce_id", id.encode()), *told, *([("ce_causationid", causation.encode())] if causation else [])]


def instant(time: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as in 2026-11-22T14:03:05.120Z."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


@lru_cache(maxsize=4096)
def _constant(group: str, topic: str) -> tuple[tuple[str, bytes], ...]:
    return (
        ("ce_type", topic.encode()),
        ("ce_source", group.encode()),
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/avro"),
    )


@lru_cache(maxsize=1024)
def _instant(time: datetime) -> bytes:
    return instant(time).encode()


def _id(value: bytes | None) -> str | None:
    found = decoded(value)
    return found if found and len(found) <= MAX_ID_BYTES else None


def _trace(cause: Cause, effect: str) -> str:
    """The cause's trace with a new span; a cause without one begins a trace that its id determines."""
    span = effect[19:23] + effect[24:]
    if cause.traceparent:
        return f"00-{cause.traceparent[3:35]}-{span}-{cause.traceparent[53:55]}"
    return f"00-{sha1(cause.id.encode()).hexdigest()[:32]}-{span}-01"
