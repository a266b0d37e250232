"""A `Store` without a disk, for tests; passes the same conformance suite as RocksStore (tests/conformance)."""

from collections.abc import Iterator, Mapping

from streams.runtime.store import Position


class MemoryStore:
    def __init__(self) -> None:
        self._entries: dict[int, dict[bytes, bytes]] = {}
        self._positions: dict[int, Position] = {}

    def get(self, partition: int, key: bytes) -> bytes | None:
        return self._entries.get(partition, {}).get(key)

    def scan(self, partition: int, prefix: bytes, begin: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        found = self._entries.get(partition, {})
        return iter([(key, found[key]) for key in sorted(found) if key.startswith(prefix) and key >= prefix + begin])

    def write(self, partition: int, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        entries = self._entries.setdefault(partition, {})
        for key, value in changes.items():
            if value is None:
                entries.pop(key, None)
            else:
                entries[key] = value
        self._positions[partition] = position

    def position(self, partition: int) -> Position | None:
        return self._positions.get(partition)

    def wipe(self, partition: int) -> None:
        self._entries.pop(partition, None)
        self._positions.pop(partition, None)

    def close(self) -> None:
        pass
