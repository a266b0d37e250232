"""Reads PostgreSQL's replication stream: the messages of plug-in pgoutput, version 1, as far as inserts need them.

PostgreSQL's manual has them under "Logical Replication Message Formats" and "Streaming Replication Protocol".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

_LSN = Struct(">Q")
_HEAD = Struct(">QQQ")  # of XLogData: where it begins, where the server's log ends, when it was sent
_KEEPALIVE = Struct(">QQB")
_STATUS = Struct(">cQQQQB")
_COMMIT = Struct(">BQQQ")
_COUNT, _OID = Struct(">H"), Struct(">I")

Values = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Keepalive:
    """`end` is how far the server's log reaches."""

    end: int
    wants_answer: bool


@dataclass(frozen=True, slots=True)
class Commit:
    """A transaction is complete; whoever has confirmed `end` is not sent it again."""

    end: int


@dataclass(frozen=True, slots=True)
class Insert:
    """A row of the table that was asked for, by column."""

    values: Values


class Stream:
    """The messages of one connection; `table` is what the rows are inserted into, its schema before it or not."""

    def __init__(self, table: str) -> None:
        self._schema, _, self._table = table.rpartition(".")
        self._columns: dict[int, list[str]] = {}
        self.is_in_transaction = False

    def read(self, message: bytes) -> Keepalive | Commit | Insert | None:
        """What the message says; None of what is nothing to us."""
        if message[:1] == b"k":
            end, _, wants_answer = _KEEPALIVE.unpack_from(message, 1)
            return Keepalive(end, bool(wants_answer))
        body = message[1 + _HEAD.size :]
        kind = body[:1]
        if kind == b"B":
            self.is_in_transaction = True
        elif kind == b"C":
            self.is_in_transaction = False
            return Commit(_COMMIT.unpack_from(body, 1)[2])
        elif kind == b"R":
            self._relation(body)
        elif kind == b"I":
            return self._insert(body)
        return None

    def _relation(self, body: bytes) -> None:
        (oid,) = _OID.unpack_from(body, 1)
        schema, table, rest = body[5:].split(b"\0", 2)
        is_ours = table.decode() == self._table and self._schema in ("", schema.decode())
        self._columns.pop(oid, None)
        if is_ours:
            self._columns[oid] = list(_columns(rest[1:]))

    def _insert(self, body: bytes) -> Insert | None:
        columns = self._columns.get(_OID.unpack_from(body, 1)[0])
        return None if columns is None else Insert(dict(zip(columns, _values(body[6:]), strict=True)))


def status(flushed: int, clock: int) -> bytes:
    """The message that confirms everything before `flushed`; `clock` is in microseconds since 2000."""
    return _STATUS.pack(b"r", flushed, flushed, flushed, clock, 0)


def position(text: bytes) -> int:
    """The number of a position in the log as SQL writes it, 16/B374D848."""
    high, low = text.split(b"/")
    return int(high, 16) << 32 | int(low, 16)


def _columns(body: bytes) -> Iterator[str]:
    (count,), at = _COUNT.unpack_from(body), 2
    for _ in range(count):
        end = body.index(b"\0", at + 1)
        yield body[at + 1 : end].decode()
        at = end + 9  # type and modifier, four bytes each


def _values(body: bytes) -> Iterator[str | None]:
    (count,), at = _COUNT.unpack_from(body), 2
    for _ in range(count):
        kind, at = body[at : at + 1], at + 1
        if kind != b"t":
            yield None
            continue
        (size,) = _OID.unpack_from(body, at)
        yield body[at + 4 : at + 4 + size].decode()
        at += 4 + size
