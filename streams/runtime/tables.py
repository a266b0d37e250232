"""One task's tables: what the store holds, and over it what the running transaction has changed."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from streams.contracts.codec import Unencodable
from streams.domain.failure import Poison
from streams.runtime.store import Position, Store

STATE, TIMER, HELD, WAITING, OPEN, PARTNER = b"state\0", b"timer\0", b"held\0", b"waiting\0", b"open\0", b"partner\0"
DONE = b"done\0"
_CACHED_STATES = 1_000  # at least, and at most twice as many
_UNKNOWN = object()


class States(NamedTuple):
    """How this app's state record is written and read, and how large it may be (bytes)."""

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    max_bytes: int = 1_048_588


class StateRefused(Poison):
    """A handler's state cannot be kept: the turn is undone and done again with care, to find whose it was."""


class Tables:
    """Changes stay in an overlay until `committed`; `rolled_back` forgets them. Values are bytes, states objects."""

    def __init__(self, store: Store, partition: int, states: States) -> None:
        self._store, self.partition = store, partition
        self._encode, self._decode, self._max_bytes = states
        self._changes: dict[bytes, bytes | None] = {}
        self._states: dict[bytes, Any] = {}
        self._cache = _Recent()

    def get(self, key: bytes) -> bytes | None:
        if key in self._changes:
            return self._changes[key]
        return self._store.get(self.partition, key)

    def put(self, key: bytes, value: bytes | None) -> None:
        self._changes[key] = value

    def scan(self, table: bytes, begin: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Committed entries only, from the key `begin`: (key without the table's name, value)."""
        return ((key[len(table):], value) for key, value in self._store.scan(self.partition, table, begin))

    def state(self, key: bytes) -> Any | None:
        """The handler's state of this key, decoded; None where it has none."""
        found = self._states.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._cache.get(key)
        if found is _UNKNOWN:
            raw = self._store.get(self.partition, STATE + key)
            found = None if raw is None else self._decode(raw)
            self._cache.put(key, found)
        return found

    def set_state(self, key: bytes, state: Any | None) -> None:
        self._states[key] = state

    def encoded(self, state: Any) -> bytes:
        """The bytes of a state; raises StateRefused where it cannot be written, or only as too large a record."""
        try:
            value = self._encode(state)
        except Unencodable as error:
            raise StateRefused(f"state_unencodable: {error}") from error
        if len(value) > self._max_bytes:
            raise StateRefused(f"state_too_large: {len(value)} bytes, the changelog takes {self._max_bytes}")
        return value

    def changes(self) -> dict[bytes, bytes | None]:
        """What the transaction writes to the changelog: each changed key once, None deletes it; raises StateRefused."""
        states = {STATE + key: None if state is None else self.encoded(state) for key, state in self._states.items()}
        return self._changes | states

    def committed(self, changes: dict[bytes, bytes | None], position: Position) -> None:
        """The transaction with these changes is committed; the store holds the changelog up to `position` now."""
        self._store.write(self.partition, changes, position)
        for key, state in self._states.items():
            self._cache.put(key, state)
        self.rolled_back()

    def rolled_back(self) -> None:
        self._changes, self._states = {}, {}


class _Recent:
    """The states used last, None where a key has none: one generation that fills, and the full one before it."""

    def __init__(self) -> None:
        self._young: dict[bytes, Any] = {}
        self._old: dict[bytes, Any] = {}

    def get(self, key: bytes) -> Any:
        found = self._young.get(key, _UNKNOWN)
        if found is _UNKNOWN and (found := self._old.get(key, _UNKNOWN)) is not _UNKNOWN:
            self.put(key, found)
        return found

    def put(self, key: bytes, state: Any | None) -> None:
        if len(self._young) >= _CACHED_STATES:
            self._young, self._old = {}, self._young
        self._young[key] = state
