"""What a failed record carries besides its own headers: the facts of its failure, ours and as Spring writes them."""

import re
from dataclasses import dataclass
from hashlib import sha1

from streams.contracts.headers import Header, Headers, Written
from streams.contracts.names import Names

MAX_STACK_BYTES = 8192
MAX_MESSAGE_BYTES = 1024
MAX_NAME_BYTES = 256
UNPREFIXED = Names()


@dataclass(frozen=True, slots=True)
class Facts:
    """Where a record came from (logical topic, append time) and how it failed; `stage` is decode, handle or deliver."""

    stage: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    group: str
    attempts: int
    first_failed_at_ms: int
    last_failed_at_ms: int
    error_type: str
    error_message: str
    stack: str
    fingerprint: str


# The first name marks where our headers begin: nothing of the source's own comes after it.
_FAMILY = (
    ("xd_stage", "stage"),
    ("xd_topic", "topic"),
    ("xd_partition", "partition"),
    ("xd_offset", "offset"),
    ("xd_timestamp", "timestamp_ms"),
    ("xd_group", "group"),
    ("xd_attempts", "attempts"),
    ("xd_first_failed_at", "first_failed_at_ms"),
    ("xd_last_failed_at", "last_failed_at_ms"),
    ("xd_error_type", "error_type"),
    ("xd_error_message", "error_message"),
    ("xd_stack", "stack"),
    ("xd_fingerprint", "fingerprint"),
)
_NAMES = [name for name, _ in _FAMILY]
_TIMES = range(-62_135_596_800_000, 253_402_300_800_000)  # what a datetime can say
_NUMBERS = {
    "partition": range(1 << 31), "offset": range(1 << 63), "timestamp_ms": _TIMES, "attempts": range(1 << 31),
    "first_failed_at_ms": _TIMES, "last_failed_at_ms": _TIMES,
}  # fmt: skip
_DIGITS = re.compile(r"-?[0-9]{1,19}")


def with_facts(headers: Headers | None, facts: Facts, due_at_ms: int | None = None) -> list[Header]:
    """A retry record's headers: the source's own, which the caller gives without any of ours, then the facts."""
    due: Written = [] if due_at_ms is None else [("xd_due_at", str(due_at_ms).encode())]
    return [*(headers or ()), *((name, _bytes(facts, attribute)) for name, attribute in _FAMILY), *due]


def dead_letter(headers: Headers | None, facts: Facts, names: Names = UNPREFIXED) -> list[Header]:
    """A dead letter's headers: as with_facts, and the same facts under Spring's kafka_dlt-* names."""
    return [*with_facts(headers, facts), *_as_spring(facts, names)]


def facts_of(headers: Headers | None) -> Facts | None:
    """The facts of a retry record, dead letter or command; None where it has none or they make no sense."""
    start = _start(headers)
    if headers is None or start is None:
        return None
    given: dict[str, str | int] = {}
    for (_, value), (_, attribute) in zip(headers[start:], _FAMILY, strict=False):
        try:
            said = (value or b"").decode()
            given[attribute] = _number(said, _NUMBERS[attribute]) if attribute in _NUMBERS else said
        except ValueError:
            return None
    return Facts(**given)  # type: ignore[arg-type]


def original(headers: Headers | None) -> list[Header]:
    """The source's own headers, untouched and in order: what with_facts and dead_letter were given."""
    return list(headers or ())[: _start(headers)]


def due_at_ms(headers: Headers | None) -> int | None:
    """When a retry record is due; None where it does not say."""
    start = _start(headers)
    found = [value for name, value in (headers or ())[start:] if name == "xd_due_at"] if start is not None else []
    try:
        return _number((found[0] or b"").decode(), _TIMES) if found else None
    except ValueError:
        return None


def _number(said: str, possible: range) -> int:
    """Raises ValueError: anybody may write headers, and what is beyond these bounds could not be acted on."""
    if not _DIGITS.fullmatch(said) or int(said) not in possible:
        raise ValueError(f"{said[:40]!r} is out of bounds")
    return int(said)


def fingerprint(where: tuple[str, str, str], message: str, stack: str) -> str:
    """One name for failures that are equal but for numbers and ids; `where` is group, stage and error type."""
    said = re.sub(r"\S*\d\S*", "#", message)
    frames = re.findall(r'File "[^"]*?(streams/[^"]+)", line \d+, in (\S+)', stack)
    frame = " ".join(frames[-1]) if frames else ""
    return sha1("\0".join((*where, said, frame)).encode("utf-8", "replace")).hexdigest()[:12]


def _start(headers: Headers | None) -> int | None:
    """Where the last complete family of ours begins."""
    found = [name for name, _ in headers or ()]
    starts = (n for n in range(len(found) - len(_NAMES), -1, -1) if found[n] == _NAMES[0])
    return next((n for n in starts if found[n : n + len(_NAMES)] == _NAMES), None)


def _bytes(facts: Facts, attribute: str) -> bytes:
    said = str(getattr(facts, attribute))
    if attribute == "stack":
        return _bounded(said, MAX_STACK_BYTES, is_end_kept=True)
    return _bounded(said, MAX_MESSAGE_BYTES if attribute == "error_message" else MAX_NAME_BYTES)


def _bounded(said: str, limit: int, is_end_kept: bool = False) -> bytes:
    """UTF-8 of at most `limit` bytes, whole characters only; of a stack the end says most."""
    data = said.encode("utf-8", "replace")
    if len(data) <= limit:
        return data
    cut = data[-limit:] if is_end_kept else data[:limit]
    return cut.decode("utf-8", "ignore").encode()


def _as_spring(facts: Facts, names: Names) -> Written:
    def dlt(name: str, value: bytes) -> tuple[str, bytes]:
        return f"kafka_dlt-{name}", value

    return [
        dlt("original-topic", _bounded(names.topic(facts.topic), MAX_NAME_BYTES)),
        dlt("original-partition", facts.partition.to_bytes(4, "big", signed=True)),
        dlt("original-offset", facts.offset.to_bytes(8, "big", signed=True)),
        dlt("original-timestamp", facts.timestamp_ms.to_bytes(8, "big", signed=True)),
        dlt("original-timestamp-type", b"LogAppendTime"),
        dlt("original-consumer-group", _bounded(names.group(facts.group), MAX_NAME_BYTES)),
        dlt("exception-fqcn", _bytes(facts, "error_type")),
        dlt("exception-message", _bytes(facts, "error_message")),
        dlt("exception-stacktrace", _bytes(facts, "stack")),
    ]
