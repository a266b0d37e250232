"""Counts how far each order came, in a table of its own. `faust -A streams.subscribers.analytics worker`"""

from dataclasses import dataclass, replace
from datetime import datetime

from streams.contracts.current import stanza
from streams.domain.effects import Effect
from streams.domain.events import (
    Event,
    LeadAccepted,
    LeadCancelled,
    LeadEscalated,
    LeadExpired,
    LeadOffered,
    LeadWidened,
    OrderCancelled,
    OrderPlaced,
    TimerDue,
)
from streams.runtime.app import build

STAGES: dict[type, str] = {
    OrderPlaced: "placed",
    OrderCancelled: "withdrawn",
    LeadOffered: "offered",
    LeadWidened: "widened",
    LeadEscalated: "escalated",
    LeadAccepted: "accepted",
    LeadExpired: "expired",
    LeadCancelled: "cancelled",
}


@dataclass(slots=True, kw_only=True)
class FunnelCount:
    """How often each stage was seen for one key (an order id, or a lead id); the table's column sums are the funnel."""

    placed: int = 0
    withdrawn: int = 0
    offered: int = 0
    widened: int = 0
    escalated: int = 0
    accepted: int = 0
    expired: int = 0
    cancelled: int = 0


def count(
    state: FunnelCount | None, event: Event | TimerDue, _now: datetime
) -> tuple[FunnelCount | None, list[Effect]]:
    """One more of this event's stage; events without a stage change nothing."""
    stage = STAGES.get(type(event))
    if stage is None:
        return state, []
    counts = state or FunnelCount()
    return replace(counts, **{stage: getattr(counts, stage) + 1}), []


app = build(stanza("analytics"), count, state=FunnelCount)
