"""Durable timers: a heap and its table say the same, whatever is set, moved, cancelled, undone or restored."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.runtime.tables import TIMER
from streams.runtime.timers import Timer, Timers
from streams.testing.store import MemoryStore
from tests.runtime.tables import commit, tables_over

keys, names, times = st.sampled_from([b"a", b"b", b"c\0d"]), st.sampled_from(["window", "max_age"]), st.integers(0, 9)


class Clockwork(RuleBasedStateMachine):
    """`expected` maps each timer to when it is looked at; `held` are the keys that wait behind a failure."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.held = MemoryStore(), set[bytes]()
        self.expected: dict[Timer, int] = {}
        self.committed: set[Timer] = set()
        self.load()

    def load(self) -> None:
        self.tables = tables_over(self.store)
        self.timers = Timers(self.tables)

    def forget(self, key: bytes, name: str) -> None:
        self.expected = {t: at for t, at in self.expected.items() if (t.key, t.name) != (key, name)}

    @rule(key=keys, name=names, due_ms=times, wave=st.integers(0, 2))
    def set(self, key: bytes, name: str, due_ms: int, wave: int) -> None:
        timer = Timer(due_ms, key, name, wave)
        self.forget(key, name)
        self.expected[timer] = due_ms
        self.timers.set(timer)

    @rule(key=keys, name=names)
    def cancel(self, key: bytes, name: str) -> None:
        self.forget(key, name)
        self.timers.cancel(key, name)

    @rule(until_ms=times, fails=st.booleans())
    def take(self, until_ms: int, fails: bool) -> None:
        """The earliest free one fires; one whose handler fails is looked at again later, as due as it was."""
        due = [t for t, at in self.expected.items() if at <= until_ms and t.key not in self.held]
        taken = self.timers.take(until_ms, self.held.__contains__)
        assert (taken is None) == (not due)
        if taken is not None:
            assert taken in due
            assert self.expected[taken] == min(self.expected[timer] for timer in due)
            del self.expected[taken]
            if fails:
                self.timers.put_off(taken, until_ms + 3)
                self.expected[taken] = until_ms + 3

    @rule(key=keys)
    def hold(self, key: bytes) -> None:
        self.held.add(key)

    @rule(key=keys)
    def free(self, key: bytes) -> None:
        self.held.discard(key)
        self.timers.freed(key)

    @rule()
    def commit(self) -> None:
        commit(self.tables)
        self.committed = set(self.expected)

    @rule()
    def abort_or_restart(self) -> None:
        self.load()
        self.expected = {timer: timer.due_ms for timer in self.committed}

    @invariant()
    def every_timer_is_there_once(self) -> None:
        assert len(self.timers) == len(self.expected)

    @invariant()
    def the_next_one_due_is_known(self) -> None:
        """Those of held keys count until somebody tries to take them; then they are put aside."""
        free = [at for timer, at in self.expected.items() if timer.key not in self.held]
        known = self.timers.next_due_ms()
        assert known is not None or not free
        assert known is None or known in self.expected.values()
        assert not free or (known is not None and known <= min(free))


TestClockwork = Clockwork.TestCase
TestClockwork.settings = settings(max_examples=200, stateful_step_count=40)


def test_the_table_holds_each_timer_under_its_key_and_name() -> None:
    tables = tables_over(store := MemoryStore())
    Timers(tables).set(Timer(5, b"lead-1", "window", 2))
    commit(tables)
    assert dict(store.scan(0, TIMER)) == {b"timer\0lead-1\0window": b'{"due":5,"wave":2}'}


def test_timers_due_at_once_fire_in_the_order_of_their_times() -> None:
    timers = Timers(tables_over(MemoryStore()))
    for due_ms in (3, 1, 2):
        timers.set(Timer(due_ms, b"%d" % due_ms, "window"))
    fired = [timer.due_ms for _ in range(3) if (timer := timers.take(9, lambda _: False))]
    assert fired == [1, 2, 3]


def test_what_came_due_while_its_key_waited_fires_in_due_order_once_it_is_free() -> None:
    timers = Timers(tables_over(MemoryStore()))
    timers.set(Timer(2, b"a", "later"))
    timers.set(Timer(1, b"a", "earlier"))
    assert timers.take(9, lambda _: True) is None
    timers.freed(b"a")
    fired = [timer.name for _ in range(2) if (timer := timers.take(9, lambda _: False))]
    assert fired == ["earlier", "later"]


def test_a_timer_moved_while_its_key_waited_fires_only_at_its_new_time() -> None:
    timers = Timers(tables_over(MemoryStore()))
    timers.set(Timer(1, b"a", "window"))
    assert timers.take(9, lambda _: True) is None
    timers.set(Timer(20, b"a", "window", 1))
    timers.freed(b"a")
    assert timers.take(19, lambda _: False) is None
    assert timers.take(20, lambda _: False) == Timer(20, b"a", "window", 1)


def test_a_timer_set_anew_to_when_a_failed_one_is_looked_at_again_is_another_timer() -> None:
    timers = Timers(tables_over(MemoryStore()))
    timers.set(Timer(1, b"a", "window"))
    failed = timers.take(1, lambda _: False)
    assert failed is not None
    timers.put_off(failed, 6)
    timers.set(Timer(6, b"a", "window"))
    assert timers.take(6, lambda _: False) == Timer(6, b"a", "window")
