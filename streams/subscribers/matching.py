"""Translates orders into the provider context's own commands. `faust -A streams.subscribers.matching worker`"""

from datetime import timedelta
from functools import partial

from streams.contracts.current import stanza
from streams.contracts.names import lead_id
from streams.contracts.policy import saga_policy
from streams.domain.commands import CancelLead, LeadRequest, StartLead
from streams.domain.effects import Effect, Publish
from streams.domain.events import OrderCancelled, OrderPlaced
from streams.runtime.app import build


def translate(event: OrderPlaced | OrderCancelled, *, max_age: timedelta) -> list[Effect]:
    """OrderPlaced starts a lead, OrderCancelled cancels it; the max age counts from the append time of OrderPlaced."""
    if isinstance(event, OrderCancelled):
        return [Publish(CancelLead(lead_id=lead_id(event.order_id), order_id=event.order_id, reason=event.reason))]
    lead = LeadRequest(
        lead_id=lead_id(event.order_id),
        order_id=event.order_id,
        city=event.customer.city,
        state=event.customer.state,
        categories=list(dict.fromkeys(item.category for item in event.items)),
        total_cents=event.total_cents,
        priority=event.priority,
    )
    return [Publish(StartLead(lead_id=lead.lead_id, lead=lead, expires_at=event.time + max_age))]


app = build(stanza("matching"), partial(translate, max_age=saga_policy().max_age))
