"""Who works next: every worker when it has something to do; the clock goes on when nobody has."""

from collections.abc import Callable, MutableMapping
from datetime import datetime, timedelta

from streams.testing.clock import VirtualClock
from streams.testing.process import Killed
from streams.testing.worker import Worker

TURNS = 20_000  # without a rest; nobody is that busy
_TAKES = timedelta(milliseconds=1)  # of a hundred rounds, so that who waits for time to pass does not wait for ever


def run_while(clock: VirtualClock, workers: MutableMapping[str, Worker], is_soon: Callable[[datetime], bool]) -> None:
    """As long as `is_soon` says so of the instant at which something happens next."""
    turns = 0
    while workers:
        wakes = {name: worker.wakes_at for name, worker in workers.items()}
        next_at = min(wakes.values())
        if next_at <= clock.now():
            _round(workers, [name for name, at in wakes.items() if at <= clock.now()])
            turns += 1
            assert turns < TURNS, "an engine is busy without end"
            if turns % 100 == 0:
                clock.advance_to(clock.now() + _TAKES)
            continue
        if clock.next_alarm is not None:
            next_at = min(next_at, clock.next_alarm)
        if not is_soon(next_at):
            return
        turns = 0
        clock.advance_to(next_at)


def _round(workers: MutableMapping[str, Worker], names: list[str]) -> None:
    """Each of them has one turn; who is killed in it is a worker no longer."""
    for name in names:
        try:
            workers[name].turn()
        except Killed:
            del workers[name]
