"""What a seed has in store: which faults there are, and how often; most seeds lack some, so that each is seen alone."""

from dataclasses import dataclass
from random import Random

CHAOS_S = (4.0, 16.0)
SKEW_MS = 250  # the most that a clock is wrong


@dataclass(slots=True)
class Plan:
    """Rates are per call of a client unless they say otherwise."""

    partitions: int
    orders: int
    chaos_s: float
    kill: float
    freeze: float
    stall: float  # per turn: its worker sleeps longer than its session when all of it is ready
    others: float  # other workers have their turn in the middle of a call
    slow: float
    unknown: float  # a call has happened, and its caller does not know that
    refused: float
    full: float  # the producer's queue
    trouble: float  # a handler's, per event
    garbage: int  # records
    cut: int  # the most records of a fetch
    lag: float  # share of a partition's fetches that bring nothing yet
    partner_down: float  # seconds at a time
    partner_loss: float
    refusal: float
    stops: int  # workers that are stopped in good order
    lost_disk: float  # per restart
    old_disk: float
    commands: int  # replays and drops while it runs
    repeats: int  # deliveries that are asked for once more
    is_marked_late: bool  # markers of transactions take their time
    is_skewed: bool
    is_compacting: bool


def plan(dice: Random) -> Plan:
    def some(rate: float, share: float = 0.6) -> float:
        return rate * dice.uniform(0.3, 1.0) if dice.random() < share else 0.0

    return Plan(
        partitions=dice.choice((1, 2)),
        orders=dice.randint(4, 10),
        chaos_s=dice.uniform(*CHAOS_S),
        kill=some(0.004),
        freeze=some(0.001),
        stall=some(0.05, 0.3),
        others=some(0.02),
        slow=some(0.01),
        unknown=some(0.01),
        refused=some(0.01),
        full=some(0.02, 0.3),
        trouble=some(0.3),
        garbage=round(some(12)),
        cut=dice.choice((1, 2, 5, 500)),
        lag=some(0.9, 0.3),
        partner_down=some(9.0),
        partner_loss=some(0.2),
        refusal=some(0.2),
        stops=round(some(6)),
        lost_disk=some(0.3),
        old_disk=some(0.4),
        commands=round(some(10)),
        repeats=round(some(8)),
        is_marked_late=dice.random() < 0.4,
        is_skewed=dice.random() < 0.5,
        is_compacting=dice.random() < 0.5,
    )
