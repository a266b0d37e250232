"""What keys wait for: memory and tables say the same, whatever is queued, recalled, undone or restored."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streams.domain.order import Held, finished
from streams.runtime.keys import Keys, Letter
from streams.runtime.record import Record, id_of
from streams.runtime.tables import HELD, OPEN, WAITING
from streams.testing.store import MemoryStore
from tests.runtime.tables import commit, tables_over

keys = st.sampled_from([b"a", b"b\0", b"\xff"])
headers = st.none() | st.lists(st.tuples(st.text(max_size=3), st.none() | st.binary(max_size=3)), max_size=2)
bodies = st.none() | st.binary(max_size=4)


class Waiting(RuleBasedStateMachine):
    """`queues` is what each held key has waiting, oldest first; `said` the same at the last commit."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.count = MemoryStore(), 0
        self.queues: dict[bytes, list[Record]] = {}
        self.letters: dict[str, Letter] = {}
        self.said: tuple[dict[bytes, list[Record]], dict[str, Letter]] = {}, {}
        self.load()

    def load(self) -> None:
        self.tables = tables_over(self.store)
        self.keys = Keys(self.tables)

    def record(self, key: bytes, body: bytes | None, headers: Any) -> Record:
        self.count += 1
        return Record(("orders", 3, self.count), 1_700_000_000_000 + self.count, key, body, headers)

    @rule(key=keys)
    def hold(self, key: bytes) -> None:
        """A failure holds a free key; one whose queue is empty is free again."""
        if key not in self.queues:
            self.keys.set(key, Held("orders-3-0", lane=1, attempts=1, since_ms=5))
            self.queues[key] = []
        elif not self.queues[key]:
            self.keys.set(key, finished(self.keys.held[key]))
            del self.queues[key]

    @precondition(lambda self: self.queues)
    @rule(data=st.data(), body=bodies, headers=headers)
    def append(self, data: st.DataObject, body: bytes | None, headers: Any) -> None:
        key = data.draw(st.sampled_from(sorted(self.queues)))
        record = self.record(key, body, headers)
        self.keys.append(key, record)
        self.queues[key].append(record)

    @rule(key=keys, body=bodies, headers=headers)
    def recall(self, key: bytes, body: bytes | None, headers: Any) -> None:
        record = self.record(key, body, headers)
        self.keys.recall(key, record, 1, 1, 5)
        self.queues.setdefault(key, []).insert(0, record)

    @precondition(lambda self: any(self.queues.values()))
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(key for key, queue in self.queues.items() if queue)))
        assert same(self.keys.oldest(key), self.queues[key].pop(0))
        self.keys.set(key, finished(self.keys.take(key)))
        if not self.queues[key]:
            del self.queues[key]

    @rule(number=st.integers(0, 3), attempts=st.integers(1, 3), key=st.none() | keys)
    def open(self, number: int, attempts: int, key: bytes | None) -> None:
        self.keys.opened(f"orders-3-{number}", Letter(attempts, key))
        self.letters[f"orders-3-{number}"] = Letter(attempts, key)

    @rule(number=st.integers(0, 3))
    def close(self, number: int) -> None:
        self.keys.closed(f"orders-3-{number}")
        self.letters.pop(f"orders-3-{number}", None)

    @rule()
    def commit(self) -> None:
        commit(self.tables)
        self.said = {key: list(queue) for key, queue in self.queues.items()}, dict(self.letters)
        again = Keys(tables_over(self.store))
        assert (again.held, again.open) == (self.keys.held, self.keys.open)
        assert (set(again.running_on), again.waiting_bytes) == (set(self.keys.running_on), self.keys.waiting_bytes)

    @rule()
    def abort_or_restart(self) -> None:
        self.load()
        self.queues, self.letters = {key: list(queue) for key, queue in self.said[0].items()}, dict(self.said[1])

    @invariant()
    def memory_says_what_happened(self) -> None:
        assert self.keys.held.keys() == self.queues.keys()
        assert self.keys.open == self.letters
        assert sorted(self.keys.queue_lengths()) == sorted(len(queue) for queue in self.queues.values())
        assert set(self.keys.running_on) == {key for key, held in self.keys.held.items() if held.is_running_on}
        for key, queue in self.queues.items():
            assert not queue or same(self.keys.oldest(key), queue[0])


def same(one: Record, other: Record) -> bool:
    def parts(record: Record) -> Any:
        return id_of(record), record.timestamp(), record.key(), record.value(), record.headers() or []

    return bool(parts(one) == parts(other))


TestWaiting = Waiting.TestCase
TestWaiting.settings = settings(max_examples=150, stateful_step_count=40)


def test_a_key_that_waits_no_more_leaves_nothing_in_the_tables() -> None:
    tables = tables_over(store := MemoryStore())
    known, record = Keys(tables), Record(("orders", 0, 1), 0, b"a", b"x", [])
    known.set(b"a", Held("orders-0-0", lane=1))
    known.append(b"a", record)
    known.opened("orders-0-9", Letter(1, b"a"))
    commit(tables)
    known.set(b"a", finished(known.held[b"a"]))
    known.set(b"a", finished(known.take(b"a")))
    known.closed("orders-0-9")
    commit(tables)
    assert [*store.scan(0, HELD), *store.scan(0, WAITING), *store.scan(0, OPEN)] == []
    assert known.waiting_bytes == 0


def test_keys_whose_queue_runs_on_stand_in_the_order_in_which_they_began_to() -> None:
    known = Keys(tables_over(MemoryStore()))
    for number, key in enumerate((b"c", b"a", b"b")):
        known.recall(key, Record(("orders", 0, number), 0, key, b"", []), 0, 0, 5)
    assert list(known.running_on) == [b"c", b"a", b"b"]
