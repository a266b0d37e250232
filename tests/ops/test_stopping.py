"""A stop by signal, as a launcher or a terminal sends it."""

import signal
import threading
from typing import Any

import pytest

from streams.ops.stopping import RealClock, stop_on_signals


@pytest.fixture(autouse=True)
def usual_handlers() -> Any:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_an_event_that_ends_a_sleep_and_its_echo_changes_nothing(number: signal.Signals) -> None:
    with stop_on_signals() as stop:
        clock = RealClock(stop)
        assert not clock.is_stopped()
        threading.Timer(0.05, signal.raise_signal, [number]).start()
        began = clock.now()
        clock.sleep(60)
        assert clock.now() - began < 30
        signal.raise_signal(number)
        assert clock.is_stopped()


def test_a_signal_that_interrupts_the_event_itself_is_heard() -> None:
    with stop_on_signals() as stop, stop._cond:  # type: ignore[attr-defined]
        signal.raise_signal(signal.SIGTERM)
    assert stop.is_set()


def test_without_a_signal_the_usual_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
