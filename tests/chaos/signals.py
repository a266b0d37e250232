"""The schedule of signals that Faust's own stress test sends to every worker of a machine at once, 180 a round.

After t/stress/killer.py of https://github.com/robinhood/faust, which repeats it for ever.
"""

from collections.abc import Iterator
from itertools import cycle, islice
from random import Random

from tests.chaos.faults import INT_ALL, KILL_ALL, TERM_ALL, Fault

_PERIODS: tuple[tuple[int, tuple[str, ...], tuple[float, float]], ...] = (
    (100, (TERM_ALL, INT_ALL), (1.0, 30.0)),
    (50, (TERM_ALL,), (5.0, 100.0)),
    (30, (KILL_ALL,), (0.1, 1.0)),
)
ALL = sum(count for count, _, _ in _PERIODS)


def signals(begin: int, count: int, pace: float) -> list[Fault]:
    """So many of the schedule from its `begin`-th on; the times between them are divided by `pace`."""
    return list(islice(_signals(pace), begin, begin + count))


def _signals(pace: float) -> Iterator[Fault]:
    chance = Random(ALL)
    for count, kinds, (least_s, most_s) in cycle(_PERIODS):
        for _ in range(count):
            yield Fault(chance.choice(kinds), chance.uniform(least_s, most_s) / pace)
