"""What providers say to a lead, and the one answer that each acceptance gets (docs/design.md, the lead)."""

from dataclasses import replace
from datetime import datetime

from streams.domain.effects import Effect, Publish, SetTimer
from streams.domain.events import AcceptanceRefused, LeadAccepted, ProviderAcceptedLead, ProviderDeclinedLead
from streams.domain.failure import Poison
from streams.domain.lead_state import (
    ACCEPTED,
    AWAITING,
    CANCELLED,
    EXPIRED,
    OPEN,
    LeadState,
    Offer,
    Stranger,
    noted,
    with_offer,
)
from streams.domain.waves import SagaPolicy
from streams.domain.widening import FORGET, Decision, finish, next_wave

NOT_OFFERED, ALREADY_TAKEN = "not_offered", "already_taken"
MAX_STRANGERS = 100
_REFUSAL_AFTER_END = {ACCEPTED: ALREADY_TAKEN, EXPIRED: EXPIRED, CANCELLED: CANCELLED}


def accept(state: LeadState | None, event: ProviderAcceptedLead, now: datetime, policy: SagaPolicy) -> Decision:
    """The first acceptance of an offer by the deadline wins; raises Poison for the 101st stranger."""
    lead = state or LeadState(lead_id=event.lead_id)
    offer = lead.offer_to(event.provider_id)
    if offer is None:
        forget: list[Effect] = [SetTimer(FORGET, now + policy.keep)] if state is None else []
        return _turn_away(lead, event.provider_id, forget)
    if offer.answer is not None:
        return lead, []
    if lead.stage not in OPEN:
        return _refuse(lead, offer, now, _REFUSAL_AFTER_END[lead.stage])
    if lead.deadline is None or now > lead.deadline:
        return _refuse(lead, offer, now, EXPIRED)
    return _win(lead, offer, now, policy)


def decline(state: LeadState | None, event: ProviderDeclinedLead, now: datetime, policy: SagaPolicy) -> Decision:
    """Noted while awaiting; the next wave starts at once when all of the current one have declined."""
    offer = state.offer_to(event.provider_id) if state and state.stage == AWAITING else None
    if state is None or offer is None or offer.has_declined:
        return state, []
    offers = with_offer(state, replace(offer, has_declined=True))
    lead = noted(state, now, f"declined by {event.provider_id}", event.reason, offers=offers)
    if all(each.has_declined for each in offers if each.wave == lead.wave):
        return next_wave(lead, now, policy, ["all_declined"])
    return lead, []


def _turn_away(lead: LeadState, provider_id: str, forget: list[Effect]) -> Decision:
    if any(stranger.provider_id == provider_id for stranger in lead.strangers):
        return lead, []
    if len(lead.strangers) >= MAX_STRANGERS:
        raise Poison("too_many_strangers")
    reason = _REFUSAL_AFTER_END.get(lead.stage, NOT_OFFERED)
    strangers = [*lead.strangers, Stranger(provider_id=provider_id, answer=reason)]
    refused = AcceptanceRefused(lead_id=lead.lead_id, provider_id=provider_id, reason=reason)
    return replace(lead, strangers=strangers), [Publish(refused), *forget]


def _refuse(lead: LeadState, offer: Offer, now: datetime, reason: str) -> Decision:
    refused = AcceptanceRefused(lead_id=lead.lead_id, provider_id=offer.provider_id, reason=reason)
    offers = with_offer(lead, replace(offer, answer=reason))
    return noted(lead, now, f"refused {offer.provider_id}", reason, offers=offers), [Publish(refused)]


def _win(lead: LeadState, offer: Offer, now: datetime, policy: SagaPolicy) -> Decision:
    winner = offer.provider_id
    accepted = LeadAccepted(
        lead_id=lead.lead_id, order_id=lead.order_id, provider_id=winner, wave=offer.wave, accepted_at=now
    )
    offers = with_offer(lead, replace(offer, answer=ACCEPTED))
    why = f"first valid acceptance, by {winner}"
    won = noted(lead, now, ACCEPTED, why, stage=ACCEPTED, winner=winner, offers=offers)
    return finish(won, now, policy, accepted, ALREADY_TAKEN)
