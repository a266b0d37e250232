"""The local copy of the tables: one RocksDB a worker, written only after the commit and thrown away when in doubt."""

import fcntl
import json
import secrets
import shutil
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Protocol, cast

from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch

_POSITION = b"\xff\xffposition"
_shared_cache: list[Cache] = []


@dataclass(frozen=True, slots=True)
class Position:
    """How far a partition's changelog is in the store: `next` offset, of which topic, written when (epoch ms)."""

    next: int
    topic_id: str
    at_ms: int


class Store(Protocol):
    """What the engine needs of a local store; keys are changelog keys, `None` deletes."""

    def get(self, partition: int, key: bytes) -> bytes | None: ...
    def scan(self, partition: int, prefix: bytes, begin: bytes = b"") -> Iterator[tuple[bytes, bytes]]: ...
    def write(self, partition: int, changes: Mapping[bytes, bytes | None], position: Position) -> None: ...
    def position(self, partition: int) -> Position | None: ...
    def wipe(self, partition: int) -> None: ...
    def close(self) -> None: ...


class RocksStore:
    """A `Store` on RocksDB; one block cache bounds the memory of all stores of a process."""

    def __init__(self, path: Path) -> None:
        self._db = Rdict(str(path), _options())

    def get(self, partition: int, key: bytes) -> bytes | None:
        return cast("bytes | None", self._db.get(_prefix(partition) + key))

    def scan(self, partition: int, prefix: bytes, begin: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        start = _prefix(partition) + prefix
        for item in self._db.items(from_key=start + begin):
            key, value = cast("tuple[bytes, bytes]", item)
            if not key.startswith(start):
                return
            yield key[2:], value

    def write(self, partition: int, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        batch, at = WriteBatch(raw_mode=True), _prefix(partition)
        for key, value in changes.items():
            if value is None:
                batch.delete(at + key)
            else:
                batch.put(at + key, value)
        fields = [position.next, position.topic_id, position.at_ms]
        batch.put(_POSITION + at, json.dumps(fields).encode())
        self._db.write(batch)

    def position(self, partition: int) -> Position | None:
        found = self._db.get(_POSITION + _prefix(partition))
        return None if found is None else Position(*json.loads(found))

    def wipe(self, partition: int) -> None:
        self._db.delete_range(_prefix(partition), _prefix(partition + 1))
        self._db.delete(_POSITION + _prefix(partition))

    def close(self) -> None:
        self._db.close()


@dataclass(frozen=True, slots=True)
class Slot:
    """A worker's seat in its group: a state directory of its own, held by a file lock while the worker lives."""

    id: str
    path: Path
    lock: IO[str]


def take_slot(directory: Path) -> Slot:
    """The first free slot of this app on this host, or a new one with a random id (two hosts must never share one)."""
    directory.mkdir(parents=True, exist_ok=True)
    known = sorted(path.name for path in directory.iterdir() if path.is_dir())
    for name in [*known, secrets.token_hex(4)]:
        path = directory / name
        path.mkdir(exist_ok=True)
        lock = (path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return Slot(name, path, lock)
        except BlockingIOError:
            lock.close()
    return take_slot(directory)


def open_store(slot: Slot) -> RocksStore:
    """The slot's store; one that cannot be opened is thrown away, the changelog has everything."""
    path = slot.path / "store"
    try:
        return RocksStore(path)
    except Exception:  # rocksdict has no error of its own for a damaged store: it raises Exception itself
        shutil.rmtree(path, ignore_errors=True)
        return RocksStore(path)


@lru_cache
def _prefix(partition: int) -> bytes:
    return struct.pack(">H", partition)


def _options() -> Options:
    if not _shared_cache:
        _shared_cache.append(Cache(64 << 20))
    blocks = BlockBasedOptions()
    blocks.set_block_cache(_shared_cache[0])
    blocks.set_cache_index_and_filter_blocks(True)
    blocks.set_bloom_filter(10, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(blocks)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(16 << 20)
    options.set_db_write_buffer_size(48 << 20)
    options.set_max_write_buffer_number(3)
    options.set_max_open_files(256)
    options.set_max_log_file_size(1 << 20)
    options.set_keep_log_file_num(2)
    return options
