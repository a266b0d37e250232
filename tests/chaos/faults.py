"""What goes wrong and when: a schedule that its seed determines."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

KILL, STAY_AWAY, BOTH, STOP = "kill", "kill and stay away", "kill both", "stop in good order"
WIPE, OLD_DISK = "kill and wipe", "kill and put an old disk back"
NAP, FREEZE = "nap", "freeze"
BROKER, BROKER_FREEZE = "kill the broker", "freeze the broker"
DOWN, SLOW, LYING = "partner down", "partner slow", "partner lying"
MOODS = (DOWN, SLOW, LYING)
OF_ALL = (BOTH, BROKER, BROKER_FREEZE, *MOODS)
_DECK = [KILL] * 8 + [STAY_AWAY, BOTH, STOP, WIPE, OLD_DISK, NAP, FREEZE, BROKER, BROKER_FREEZE, *MOODS]
DECK = len(_DECK)

# how long each lasts, in seconds; a worker's session ends after 6 s, its transaction after 10 s
_LASTS = {
    **dict.fromkeys((KILL, BOTH, STOP, WIPE, OLD_DISK), (0.0, 0.5)),
    STAY_AWAY: (7.0, 9.0),
    NAP: (0.5, 5.5),
    FREEZE: (7.0, 13.0),
    BROKER: (0.0, 1.5),
    BROKER_FREEZE: (2.0, 8.0),
    **dict.fromkeys(MOODS, (3.0, 8.0)),
}
_GAP_S = (0.3, 3.5)


@dataclass(frozen=True, slots=True)
class Fault:
    """Comes `after_s` seconds after the one before, to worker 0 or 1 where it is one of theirs; lasts `lasts_s`.

    `is_awaited`: the worker may come to work before, where that does not take too long.
    """

    kind: str
    after_s: float
    worker: int
    lasts_s: float
    is_awaited: bool

    def __str__(self) -> str:
        whom = "" if self.kind in OF_ALL else f" (worker {self.worker})"
        return f"{self.kind}{whom} for {self.lasts_s:.1f} s"

    @property
    def kills(self) -> int:
        """How many processes it ends by kill -9."""
        return 2 if self.kind == BOTH else int(self.kind in (KILL, STAY_AWAY, WIPE, OLD_DISK, BROKER))


def schedule(seed: int, count: int) -> list[Fault]:
    """`count` faults; each full deck has every kind, and a dozen kills of workers."""
    chance = Random(seed)
    return [
        Fault(kind, chance.uniform(*_GAP_S), chance.randrange(2), chance.uniform(*_LASTS[kind]), chance.random() < 0.6)
        for kind in islice(_kinds(chance), count)
    ]


def _kinds(chance: Random) -> Iterator[str]:
    while True:
        yield from chance.sample(_DECK, DECK)
