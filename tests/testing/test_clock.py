"""Time that a test moves."""

from datetime import timedelta

from streams.testing.clock import START, VirtualClock

SECOND = timedelta(seconds=1)


def test_what_is_due_on_the_way_happens_in_its_order_at_its_time() -> None:
    clock, seen = VirtualClock(), list[tuple[str, timedelta]]()
    for name, after in (("late", 3), ("early", 1), ("as early", 1), ("too late", 5)):
        clock.after(after, lambda name=name: seen.append((name, clock.now() - START)))  # type: ignore[misc]
    clock.sleep(4)
    assert seen == [("early", SECOND), ("as early", SECOND), ("late", 3 * SECOND)]
    assert clock.monotonic() == 4


def test_a_cancelled_alarm_is_silent() -> None:
    clock, seen = VirtualClock(), list[str]()
    clock.after(1, lambda: seen.append("never")).cancel()
    assert clock.next_alarm is None
    clock.sleep(2)
    assert seen == []


def test_what_happens_may_cause_more_and_may_itself_take_time() -> None:
    clock, seen = VirtualClock(), list[timedelta]()

    def slow() -> None:
        clock.sleep(10)
        clock.after(1, lambda: seen.append(clock.now() - START))

    clock.after(1, slow)
    clock.sleep(2)
    assert clock.now() == START + 11 * SECOND, "it never goes back"
    clock.sleep(1)
    assert seen == [12 * SECOND]
