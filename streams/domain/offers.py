"""The hand-off from a routing slip to the saga: a lead begins, or its next wave (docs/design.md, the lead)."""

from dataclasses import replace
from datetime import datetime

from streams.domain.commands import LeadSlip
from streams.domain.effects import CancelTimer, Effect, Publish, SetTimer
from streams.domain.events import LeadOffered, LeadWidened
from streams.domain.lead_state import AWAITING, UNKNOWN, LeadState, Offer, noted
from streams.domain.slip import SLIP_FAILED
from streams.domain.waves import SagaPolicy
from streams.domain.widening import FORGET, MAX_AGE, WINDOW, Decision, escalate, next_wave

NO_CANDIDATES = "no_candidates"


def hand_off(state: LeadState | None, slip: LeadSlip, now: datetime, policy: SagaPolicy) -> Decision:
    """Record what the slip found; a lead is never reset and no offer appears after its end."""
    first: list[Effect]
    if state is None or state.stage == UNKNOWN:
        lead, first = _begin(state, slip)
    elif state.stage == AWAITING and slip.wave > state.wave:
        lead, first = replace(state, wave=slip.wave), []
    else:
        return state, []
    known = {offer.provider_id for offer in lead.offers}
    fresh = [provider for provider in dict.fromkeys(slip.offered) if provider not in known]
    if SLIP_FAILED in slip.reasons:
        decided, effects = escalate(lead, now, slip.reasons)
    elif not fresh:
        decided, effects = next_wave(lead, now, policy, slip.reasons or [NO_CANDIDATES])
    else:
        widened = LeadWidened(lead_id=lead.lead_id, order_id=lead.order_id, wave=lead.wave)
        first = first or [Publish(widened)]
        decided, effects = _offer(lead, fresh, slip, now, policy)
    return decided, [*first, *effects]


def _begin(state: LeadState | None, slip: LeadSlip) -> tuple[LeadState, list[Effect]]:
    lead = LeadState(
        lead_id=slip.lead_id,
        order_id=slip.lead.order_id,
        stage=AWAITING,
        lead=slip.lead,
        wave=slip.wave,
        deadline=slip.expires_at,
        strangers=state.strangers if state else [],
    )
    timers: list[Effect] = [SetTimer(MAX_AGE, slip.expires_at, slip.wave)]
    return lead, timers if state is None else [CancelTimer(FORGET), *timers]


def _offer(lead: LeadState, fresh: list[str], slip: LeadSlip, now: datetime, policy: SagaPolicy) -> Decision:
    offered: list[Effect] = [Publish(_offer_to(provider, lead)) for provider in fresh]
    changed = noted(
        lead,
        now,
        f"wave {lead.wave} offered to {len(fresh)}",
        ", ".join(slip.reasons),
        offers=[*lead.offers, *(Offer(provider_id=provider, wave=lead.wave) for provider in fresh)],
        strangers=[stranger for stranger in lead.strangers if stranger.provider_id not in fresh],
    )
    return changed, [*offered, SetTimer(WINDOW, now + policy.window, lead.wave)]


def _offer_to(provider_id: str, lead: LeadState) -> LeadOffered:
    assert lead.deadline is not None, "an open lead has its deadline"
    return LeadOffered(
        lead_id=lead.lead_id,
        order_id=lead.order_id,
        provider_id=provider_id,
        wave=lead.wave,
        expires_at=lead.deadline,
    )
