"""Orders become the provider context's own commands."""

from datetime import timedelta

from streams.domain.commands import CancelLead, LeadRequest, StartLead
from streams.domain.effects import Publish
from streams.domain.events import OrderCancelled
from streams.subscribers.matching import translate
from tests.subscribers.orders import APPENDED, order

MAX_AGE = timedelta(hours=2)


def test_an_order_starts_a_lead_that_names_no_customer() -> None:
    (effect,) = translate(order("toys", "pets", "toys", priority="priority"), max_age=MAX_AGE)
    lead = LeadRequest(
        lead_id="lead-1",
        order_id="1",
        city="campinas",
        state="SP",
        categories=["toys", "pets"],
        total_cents=360_00,
        priority="priority",
    )
    assert effect == Publish(StartLead(lead_id="lead-1", lead=lead, expires_at=APPENDED + MAX_AGE))


def test_the_max_age_counts_from_the_append_time_not_from_the_orders_date() -> None:
    (effect,) = translate(order("toys"), max_age=MAX_AGE)
    assert isinstance(effect, Publish)
    assert isinstance(effect.record, StartLead)
    assert effect.record.expires_at - APPENDED == MAX_AGE


def test_an_order_without_items_starts_a_lead_without_categories() -> None:
    (effect,) = translate(order(), max_age=MAX_AGE)
    assert isinstance(effect, Publish)
    assert isinstance(effect.record, StartLead)
    assert effect.record.lead.categories == []


def test_a_cancelled_order_cancels_its_lead() -> None:
    effects = translate(OrderCancelled(order_id="1", reason="canceled"), max_age=MAX_AGE)
    assert effects == [Publish(CancelLead(lead_id="lead-1", order_id="1", reason="canceled"))]
