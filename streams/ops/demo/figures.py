"""How long things took, by the broker's clock: both ends of each span are append times."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from streams.domain.events import LeadAccepted, LeadOffered, OrderPlaced
from streams.ops.laws import History

_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds, by nearest rank; `count` spans were measured."""

    p50_ms: float
    p99_ms: float
    count: int


def to_first_offer(history: History, *, up_to_wave: int | None = None) -> Spread | None:
    """From OrderPlaced to the first LeadOffered of its lead; None where nothing was offered.

    A wave without any candidate costs the way of a whole wave; with `up_to_wave` only leads that needed no more count.
    """
    told = ((case.of(OrderPlaced), case.of(LeadOffered)) for case in history.cases.values())
    firsts = [(orders[0], min(offers, key=lambda each: each.time)) for orders, offers in told if orders and offers]
    return _spread(
        first.time - order.time for order, first in firsts if up_to_wave is None or first.record.wave <= up_to_wave
    )


def to_acceptance(history: History) -> Spread | None:
    """From the winner's ProviderAcceptedLead, whose append time LeadAccepted keeps, to LeadAccepted."""
    return _spread(
        won.time - won.record.accepted_at for case in history.cases.values() for won in case.of(LeadAccepted)
    )


def _spread(spans: Iterable[timedelta]) -> Spread | None:
    found = sorted(span / _MS for span in spans)
    if not found:
        return None
    p50, p99 = (found[math.ceil(share * len(found)) - 1] for share in (0.5, 0.99))
    return Spread(p50, p99, len(found))
