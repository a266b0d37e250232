"""Every store keeps the same promises: in memory and on RocksDB."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.runtime.store import Position, RocksStore, Store, open_store, take_slot
from streams.testing.store import MemoryStore

AT = Position(7, "topic-id", 1_700_000_000_000)
KINDS = ["in memory", "on RocksDB"]


def made(kind: str, directory: Path) -> Store:
    return MemoryStore() if kind == "in memory" else RocksStore(directory)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with closing(made(request.param, tmp_path / "store")) as opened:
        yield opened


def test_what_was_never_written_is_not_there(store: Store) -> None:
    assert store.get(0, b"a") is None
    assert list(store.scan(0, b"")) == []
    assert store.position(0) is None


def test_a_write_is_there_with_its_position(store: Store) -> None:
    store.write(3, {b"a": b"1", b"b": b""}, AT)
    assert store.get(3, b"a") == b"1"
    assert store.get(3, b"b") == b""
    assert store.position(3) == AT


def test_a_write_replaces_and_none_deletes(store: Store) -> None:
    store.write(0, {b"a": b"1", b"b": b"1", b"c": b"1"}, AT)
    store.write(0, {b"a": b"2", b"b": None, b"never": None}, Position(9, "topic-id", 8))
    assert dict(store.scan(0, b"")) == {b"a": b"2", b"c": b"1"}
    assert store.position(0) == Position(9, "topic-id", 8)


def test_partitions_are_apart_also_those_whose_numbers_share_bytes(store: Store) -> None:
    for partition in (0, 1, 255, 256, 65_534):
        store.write(partition, {b"a": str(partition).encode()}, AT)
    for partition in (0, 1, 255, 256, 65_534):
        assert list(store.scan(partition, b"")) == [(b"a", str(partition).encode())]


def test_a_scan_gives_the_keys_of_its_prefix_in_order_of_their_bytes(store: Store) -> None:
    keys = [b"open\0b", b"open\0a\0\xff", b"open\0a", b"opener\0a", b"held\0a", b"open\0\xff\xff", b"open\0"]
    store.write(1, dict.fromkeys(keys, b"x"), AT)
    assert [key for key, _ in store.scan(1, b"open\0")] == sorted(key for key in keys if key.startswith(b"open\0"))


def test_a_wiped_partition_is_as_never_written_and_the_others_stay(store: Store) -> None:
    for partition in (1, 2, 3):
        store.write(partition, {b"a": b"1", b"\xff\xff": b"2"}, AT)
    store.wipe(2)
    assert list(store.scan(2, b"")) == []
    assert store.position(2) is None
    for partition in (1, 3):
        assert list(store.scan(partition, b"")) == [(b"a", b"1"), (b"\xff\xff", b"2")]
        assert store.position(partition) == AT


def test_a_wiped_partition_can_be_written_again(store: Store) -> None:
    store.write(2, {b"a": b"1", b"b": b"1"}, AT)
    store.wipe(2)
    store.write(2, {b"b": b"2"}, AT)
    assert list(store.scan(2, b"")) == [(b"b", b"2")]


keys = st.binary(max_size=3)
writes = st.tuples(st.integers(0, 2), st.dictionaries(keys, st.none() | st.binary(max_size=3), max_size=4) | st.none())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30)
@given(history=st.lists(writes, max_size=12))
def test_any_history_of_writes_and_wipes_reads_as_plain_dictionaries(
    kind: str, history: list[tuple[int, dict[bytes, bytes | None] | None]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    expected: dict[int, dict[bytes, bytes]] = {0: {}, 1: {}, 2: {}}
    with closing(made(kind, tmp_path_factory.mktemp("store"))) as store:
        for partition, changes in history:
            if changes is None:
                store.wipe(partition)
                expected[partition] = {}
                continue
            store.write(partition, changes, AT)
            merged = {**expected[partition], **changes}
            expected[partition] = {key: value for key, value in merged.items() if value is not None}
        for partition, entries in expected.items():
            assert list(store.scan(partition, b"")) == sorted(entries.items())
            assert all(store.get(partition, key) == value for key, value in entries.items())


def test_rocksdb_keeps_everything_over_a_restart(tmp_path: Path) -> None:
    with closing(RocksStore(tmp_path)) as store:
        store.write(1, {b"a": b"1"}, AT)
    with closing(RocksStore(tmp_path)) as store:
        assert store.get(1, b"a") == b"1"
        assert store.position(1) == AT


def test_a_store_that_cannot_be_opened_is_begun_anew(tmp_path: Path) -> None:
    slot = take_slot(tmp_path)
    with closing(open_store(slot)) as store:
        store.write(1, {b"a": b"1"}, AT)
    (slot.path / "store" / "CURRENT").write_text("nonsense")
    with closing(open_store(slot)) as store:
        assert store.get(1, b"a") is None
        assert store.position(1) is None
    slot.lock.close()


def test_each_worker_of_a_host_has_a_slot_of_its_own_and_a_freed_one_is_taken_again(tmp_path: Path) -> None:
    first, second = take_slot(tmp_path), take_slot(tmp_path)
    assert first.id != second.id
    first.lock.close()
    again = take_slot(tmp_path)
    assert again.id == first.id
    for slot in (second, again):
        slot.lock.close()
