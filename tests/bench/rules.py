"""The rules of the rows as handlers of ours; bare_rules.py has the same over dicts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from streams.domain.commands import LeadRequest, StartLead
from streams.domain.effects import Effect, Publish
from streams.domain.events import (
    Event,
    LeadAccepted,
    LeadOffered,
    OrderCancelled,
    OrderPlaced,
    ProviderAcceptedLead,
    ReceiptRequested,
)
from tests.bench.bare_rules import MAX_AGE

Decision = tuple[Any, list[Effect]]


@dataclass(slots=True, kw_only=True)
class Seen:
    """The state of a key that is counted."""

    count: int = 0


@dataclass(slots=True, kw_only=True)
class Lead:
    """The state of the small lead saga (W3)."""

    lead_id: str
    total_cents: int = 0
    offers: list[str] = field(default_factory=list)
    winner: str | None = None
    seen: int = 0


def nothing(event: OrderCancelled) -> list[Effect]:
    return []


def first_seen(state: Seen | None, event: OrderCancelled, now: datetime) -> Decision:
    return Seen(count=1 if state is None else state.count + 1), []


def counted(state: Seen | None, event: OrderCancelled, now: datetime) -> Decision:
    """Publishes every count that a key comes to."""
    count = 1 if state is None else state.count + 1
    receipt = ReceiptRequested(order_id=event.order_id, customer_id="", total_cents=count, item_count=1)
    return Seen(count=count), [Publish(receipt)]


def accepted(event: LeadOffered) -> list[Effect]:
    return [Publish(_won(event.lead_id, event.provider_id, event.order_id, event.expires_at))]


def started(order: OrderPlaced) -> list[Effect]:
    """As streams/subscribers/matching.py."""
    lead = LeadRequest(
        lead_id=f"lead-{order.order_id}",
        order_id=order.order_id,
        city=order.customer.city,
        state=order.customer.state,
        categories=list(dict.fromkeys(item.category for item in order.items)),
        total_cents=order.total_cents,
        priority=order.priority,
    )
    return [Publish(StartLead(lead_id=lead.lead_id, lead=lead, expires_at=order.time + MAX_AGE))]


def lead(state: Lead | None, event: Event, now: datetime) -> Decision:
    """The first acceptance wins, every event is noted; whatever the order in which topics are read."""
    key: str = event.order_id if isinstance(event, OrderPlaced) else event.lead_id  # type: ignore[attr-defined]
    known = state or Lead(lead_id=key)
    total_cents, offers, winner = known.total_cents, known.offers, known.winner
    effects: list[Effect] = []
    if isinstance(event, OrderPlaced):
        total_cents = event.total_cents
    elif isinstance(event, LeadOffered):
        offers = [*offers, event.provider_id]
    elif isinstance(event, ProviderAcceptedLead) and winner is None:
        winner = event.provider_id
        effects = [Publish(_won(key, winner, key, now))]
    return Lead(lead_id=key, total_cents=total_cents, offers=offers, winner=winner, seen=known.seen + 1), effects


def _won(lead_id: str, provider_id: str, order_id: str, at: datetime) -> LeadAccepted:
    return LeadAccepted(lead_id=lead_id, order_id=order_id, provider_id=provider_id, wave=1, accepted_at=at)
