"""The funnel counts how far each order came."""

from datetime import timedelta

from streams.domain.events import LeadAccepted, LeadOffered, ProviderDeclinedLead
from streams.subscribers.analytics import FunnelCount, count
from tests.subscribers.orders import APPENDED, order


def offered(provider: str) -> LeadOffered:
    expires = APPENDED + timedelta(hours=2)
    return LeadOffered(lead_id="lead-1", order_id="1", provider_id=provider, wave=1, expires_at=expires)


def test_an_order_is_counted_where_it_was_placed() -> None:
    assert count(None, order("toys"), APPENDED) == (FunnelCount(placed=1), [])


def test_each_stage_of_a_lead_is_counted() -> None:
    accepted = LeadAccepted(lead_id="lead-1", order_id="1", provider_id="a", wave=1, accepted_at=APPENDED)
    state = None
    for event in (offered("a"), offered("b"), accepted):
        state, effects = count(state, event, APPENDED)
        assert effects == []
    assert state == FunnelCount(offered=2, accepted=1)


def test_an_event_without_a_stage_changes_nothing() -> None:
    before = FunnelCount(placed=1)
    declined = ProviderDeclinedLead(lead_id="lead-1", provider_id="a", reason="busy")
    assert count(before, declined, APPENDED)[0] is before


def test_counting_leaves_the_earlier_count_as_it_was() -> None:
    before = FunnelCount(placed=1)
    assert count(before, order("toys"), APPENDED)[0] == FunnelCount(placed=2)
    assert before == FunnelCount(placed=1)
