"""What goes wrong and when: a schedule that its seed determines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

KILL, STAY_AWAY, BOTH, STOP = "kill", "kill and stay away", "kill both", "stop in good order"
WIPE, OLD_DISK = "kill and wipe", "kill and put an old disk back"
NAP, FREEZE = "nap", "freeze"
BROKER, BROKER_FREEZE = "kill the broker", "freeze the broker"
DOWN, SLOW, LYING = "partner down", "partner slow", "partner lying"
ONE_OF_3, ONE_WIPED, ONE_FROZEN = "kill a broker", "kill and wipe a broker", "freeze a broker"
CUT, CUT_OFF = "cut a worker from a broker", "cut a worker from all brokers"
TERM_ALL, INT_ALL, KILL_ALL = "SIGTERM to all", "SIGINT to all", "SIGKILL to all"

MOODS = (DOWN, SLOW, LYING)
OF_BROKERS = (BROKER, BROKER_FREEZE, ONE_OF_3, ONE_WIPED, ONE_FROZEN)
SIGNALS = (TERM_ALL, INT_ALL, KILL_ALL)
_NOT_OF_A_WORKER = (BOTH, *OF_BROKERS, *MOODS, *SIGNALS)
_OF_WORKERS = [KILL] * 8 + [STAY_AWAY, BOTH, STOP, WIPE, OLD_DISK, NAP, FREEZE]
_DECKS = {
    1: [*_OF_WORKERS, BROKER, BROKER_FREEZE, *MOODS],
    3: [*_OF_WORKERS, ONE_OF_3, ONE_OF_3, ONE_WIPED, ONE_WIPED, ONE_FROZEN, CUT, CUT, CUT_OFF, CUT_OFF, *MOODS],
}
DECK = len(_DECKS[1])

# how long each lasts, in seconds; a worker's session ends after 6 s, its transaction after 10 s, a broker's session
# after 2 s
_LASTS = {
    **dict.fromkeys((KILL, BOTH, STOP, WIPE, OLD_DISK), (0.0, 0.5)),
    STAY_AWAY: (7.0, 9.0),
    NAP: (0.5, 5.5),
    FREEZE: (7.0, 13.0),
    BROKER: (0.0, 1.5),
    BROKER_FREEZE: (2.0, 8.0),
    **dict.fromkeys((ONE_OF_3, ONE_WIPED), (0.0, 15.0)),
    ONE_FROZEN: (1.0, 12.0),
    **dict.fromkeys((CUT, CUT_OFF), (1.0, 18.0)),
    **dict.fromkeys(MOODS, (3.0, 8.0)),
}
_GAP_S = (0.3, 3.5)


@dataclass(frozen=True, slots=True)
class Fault:
    """Comes `after_s` seconds after the one before, to worker 0 or 1 where it is one of theirs; lasts `lasts_s`.

    `is_awaited`: the worker may come to work before, where that does not take too long. `broker`: of three.
    """

    kind: str
    after_s: float
    worker: int = 0
    lasts_s: float = 0.0
    is_awaited: bool = False
    broker: int = 0

    def __str__(self) -> str:
        whom = [] if self.kind in _NOT_OF_A_WORKER else [f"worker {self.worker}"]
        whom += [f"broker {self.broker}"] if self.kind in (ONE_OF_3, ONE_WIPED, ONE_FROZEN, CUT) else []
        return " ".join([self.kind, *(f"({each})" for each in whom), f"for {self.lasts_s:.1f} s"])

    @property
    def kills(self) -> int:
        """How many processes it ends by kill -9."""
        killed = (KILL, STAY_AWAY, WIPE, OLD_DISK, BROKER, ONE_OF_3, ONE_WIPED)
        return 2 if self.kind in (BOTH, KILL_ALL) else int(self.kind in killed)


def schedule(seed: int, count: int, brokers: int = 1) -> list[Fault]:
    """`count` faults; each full deck has every kind, and a dozen kills of workers."""
    chance, whom = Random(seed), Random(-seed - 1)
    return [
        Fault(
            kind, chance.uniform(*_GAP_S), chance.randrange(2), chance.uniform(*_LASTS[kind]), chance.random() < 0.6,
            whom.randrange(brokers),
        )
        for kind in islice(_kinds(chance, _DECKS[brokers]), count)
    ]  # fmt: skip


def _kinds(chance: Random, deck: Sequence[str]) -> Iterator[str]:
    while True:
        yield from chance.sample(deck, len(deck))
