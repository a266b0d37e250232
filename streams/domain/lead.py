"""The saga's table as one function: who is offered a lead, who wins it and how it ends (docs/design.md, the lead)."""

from datetime import datetime

from streams.domain.answers import accept, decline
from streams.domain.commands import CancelLead, LeadSlip
from streams.domain.events import (
    Event,
    LeadCancelled,
    LeadExpired,
    ProviderAcceptedLead,
    ProviderDeclinedLead,
    TimerDue,
)
from streams.domain.lead_state import AWAITING, CANCELLED, EXPIRED, OPEN, UNKNOWN, LeadState, noted
from streams.domain.offers import hand_off
from streams.domain.waves import SagaPolicy
from streams.domain.widening import FORGET, MAX_AGE, WINDOW, Decision, finish, next_wave


def decide(state: LeadState | None, event: Event | TimerDue, now: datetime, policy: SagaPolicy) -> Decision:
    """The lead after `event` and what is to be done; `now` is the record's append time or the timer's due time.

    A state of None is to be deleted; one that did not change is returned as the same object. Raises Poison for
    the 101st stranger of a lead and TypeError for an event that is not the saga's.
    """
    match event:
        case LeadSlip():
            return hand_off(state, event, now, policy)
        case ProviderAcceptedLead():
            return accept(state, event, now, policy)
        case ProviderDeclinedLead():
            return decline(state, event, now, policy)
        case CancelLead():
            return _cancel(state, event, now, policy)
        case TimerDue():
            return _wake(state, event, now, policy)
    raise TypeError(f"the lead saga does not know {type(event).__name__}")


def _cancel(state: LeadState | None, event: CancelLead, now: datetime, policy: SagaPolicy) -> Decision:
    lead = state or LeadState(lead_id=event.lead_id)
    if lead.stage != UNKNOWN and lead.stage not in OPEN:
        return noted(lead, now, f"cancellation after {lead.stage}", event.reason), []
    cancelled = LeadCancelled(lead_id=lead.lead_id, order_id=event.order_id, reason=event.reason)
    ended = noted(lead, now, CANCELLED, event.reason, stage=CANCELLED, order_id=event.order_id)
    return finish(ended, now, policy, cancelled, CANCELLED)


def _wake(state: LeadState | None, timer: TimerDue, now: datetime, policy: SagaPolicy) -> Decision:
    if state is None:
        return None, []
    if timer.name == WINDOW and state.stage == AWAITING and timer.wave == state.wave:
        return next_wave(state, now, policy, ["window_over"])
    if timer.name == MAX_AGE and state.stage in OPEN:
        expired = LeadExpired(lead_id=state.lead_id, order_id=state.order_id, expired_at=now)
        ended = noted(state, now, EXPIRED, "nobody accepted in time", stage=EXPIRED)
        return finish(ended, now, policy, expired, EXPIRED)
    if timer.name == FORGET and state.stage not in OPEN:
        return None, []
    return state, []
