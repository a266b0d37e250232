"""Who is offered when: the waves of a lead and the policy that shapes them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Reach = Literal["city", "state", "country"]


@dataclass(frozen=True, slots=True)
class Wave:
    """How many providers a wave offers to, and how far from the customer they may be."""

    size: int
    reach: Reach


@dataclass(frozen=True, slots=True)
class SagaPolicy:
    """`window` is per wave, `max_age` per lead from OrderPlaced, `keep` how long a finished lead is remembered."""

    window: timedelta
    max_age: timedelta
    keep: timedelta
    waves: tuple[Wave, ...]


def wave_at(waves: tuple[Wave, ...], number: int) -> Wave:
    """The wave of this number (1 is the first); beyond the last, where the map was shortened meanwhile, the last."""
    return waves[min(number, len(waves)) - 1]
