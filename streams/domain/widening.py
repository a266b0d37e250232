"""What ends a wave, and what ends a lead."""

from datetime import datetime

from streams.domain.commands import WidenLead
from streams.domain.effects import CancelTimer, Effect, Publish, SetTimer
from streams.domain.events import Event, LeadEscalated, LeadOfferWithdrawn
from streams.domain.lead_state import ESCALATED, LeadState, noted
from streams.domain.waves import SagaPolicy

WINDOW, MAX_AGE, FORGET = "window", "max_age", "forget"

Decision = tuple[LeadState | None, list[Effect]]


def next_wave(state: LeadState, now: datetime, policy: SagaPolicy, reasons: list[str]) -> Decision:
    """Ask for the wave after the lead's, once; after the last wave escalate with these reasons."""
    if state.asked_wave > state.wave:
        return state, []
    if state.wave >= len(policy.waves):
        return escalate(state, now, reasons)
    assert state.lead is not None, "an open lead has its request"
    assert state.deadline is not None, "an open lead has its deadline"
    widen = WidenLead(
        lead_id=state.lead_id,
        lead=state.lead,
        wave=state.wave + 1,
        already_offered=[offer.provider_id for offer in state.offers],
        expires_at=state.deadline,
    )
    asked = noted(state, now, f"wave {widen.wave} asked for", ", ".join(reasons), asked_wave=widen.wave)
    return asked, [CancelTimer(WINDOW), Publish(widen)]


def escalate(state: LeadState, now: datetime, reasons: list[str]) -> Decision:
    """No further wave: somebody has to look; offers stay valid until the max age."""
    escalated = LeadEscalated(lead_id=state.lead_id, order_id=state.order_id, reasons=reasons)
    return noted(state, now, ESCALATED, ", ".join(reasons), stage=ESCALATED), [Publish(escalated), CancelTimer(WINDOW)]


def finish(state: LeadState, now: datetime, policy: SagaPolicy, outcome: Event, reason: str) -> Decision:
    """The lead's one end: `state` is in its last stage already; every offer but the winner's is withdrawn."""
    withdrawn = [
        LeadOfferWithdrawn(lead_id=state.lead_id, order_id=state.order_id, provider_id=each.provider_id, reason=reason)
        for each in state.offers
        if each.provider_id != state.winner
    ]
    timers: list[Effect] = [CancelTimer(WINDOW), CancelTimer(MAX_AGE), SetTimer(FORGET, now + policy.keep, state.wave)]
    return state, [Publish(outcome), *map(Publish, withdrawn), *timers]
