"""What a task's keys wait for: the tables `held`, `waiting` and `open`, and their copy in memory."""

import base64
import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from streams.domain.order import Held, queued, recalled, taken
from streams.runtime.record import Message, Record, from_waiting, id_of, to_waiting
from streams.runtime.tables import HELD, OPEN, WAITING, Tables


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter that nobody has replayed or dropped yet; `key` is what it holds, None where it holds nothing."""

    attempts: int
    key: bytes | None


class Keys:
    """Every key of a task that is not simply free; rebuilt from the tables at the start and after an abort."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.held: dict[bytes, Held] = {key: Held(**json.loads(value)) for key, value in tables.scan(HELD)}
        self.open: dict[str, Letter] = {key.decode(): _letter(value) for key, value in tables.scan(OPEN)}
        self.waiting_bytes = sum(len(value) for _, value in tables.scan(WAITING))
        self.running_on = {key: None for key, held in self.held.items() if held.is_running_on}  # a set in order

    def set(self, key: bytes, held: Held | None) -> None:
        """What this key holds from now on; None: it is free."""
        if held is None:
            self.running_on.pop(key, None)
            if self.held.pop(key, None) is not None:
                self._tables.put(HELD + key, None)
            return
        self.held[key] = held
        if held.is_running_on:
            self.running_on[key] = None
        else:
            self.running_on.pop(key, None)
        self._tables.put(HELD + key, json.dumps(asdict(held), separators=(",", ":")).encode())

    def append(self, key: bytes, record: Message) -> None:
        """A later record of a held key joins its queue, with its bytes and headers."""
        held, entry = self.held[key], to_waiting(record)
        self._tables.put(_slot(key, held.next), entry)
        self.waiting_bytes += len(entry)
        self.set(key, queued(held))

    def recall(self, key: bytes, record: Message, lane: int, attempts: int, now_ms: int) -> None:
        """The key's oldest record goes before its queue, to be tried again as one that failed `attempts` times."""
        held, entry = recalled(self.held.get(key), lane, attempts, now_ms), to_waiting(record)
        self._tables.put(_slot(key, held.first), entry)
        self.waiting_bytes += len(entry)
        self.set(key, held)

    def oldest(self, key: bytes) -> Record:
        """The record at the head of the key's queue."""
        entry = self._tables.get(_slot(key, self.held[key].first))
        assert entry is not None, "a queue position without its record"
        return from_waiting(entry)

    def awaits(self, key: bytes, id: str) -> bool:
        """Whether this record is the key's oldest unfinished one, or in its queue."""
        held = self.held.get(key)
        if held is None:
            return False
        queue = (self._tables.get(_slot(key, position)) for position in range(held.first, held.next))
        return held.id == id or any(id_of(from_waiting(entry)) == id for entry in queue if entry is not None)

    def take(self, key: bytes) -> Held:
        """The head of the key's queue leaves it; what the key holds then."""
        held = self.held[key]
        slot = _slot(key, held.first)
        self.waiting_bytes -= len(self._tables.get(slot) or b"")
        self._tables.put(slot, None)
        self.set(key, taken(held))
        return self.held[key]

    def opened(self, id: str, letter: Letter) -> None:
        self.open[id] = letter
        key = None if letter.key is None else base64.b64encode(letter.key).decode()
        value = {"attempts": letter.attempts, "key": key, "parked": letter.key is not None}
        self._tables.put(OPEN + id.encode(), json.dumps(value, separators=(",", ":")).encode())

    def closed(self, id: str) -> None:
        if self.open.pop(id, None) is not None:
            self._tables.put(OPEN + id.encode(), None)

    def queue_lengths(self) -> Iterator[int]:
        return (held.next - held.first for held in self.held.values())


def _letter(value: bytes) -> Letter:
    fields = json.loads(value)
    return Letter(fields["attempts"], None if fields["key"] is None else base64.b64decode(fields["key"]))


def _slot(key: bytes, position: int) -> bytes:
    return WAITING + key + b"\0" + struct.pack(">q", position)
