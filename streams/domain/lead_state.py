"""What the saga remembers of a lead: stage, offers with their answers, deadline, winner and a short history."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from streams.domain.commands import LeadRequest

UNKNOWN, AWAITING, ESCALATED = "unknown", "awaiting", "escalated"
ACCEPTED, EXPIRED, CANCELLED = "accepted", "expired", "cancelled"
OPEN = (AWAITING, ESCALATED)
MAX_HISTORY = 30


@dataclass(slots=True, kw_only=True)
class Offer:
    """One provider's offer; `answer` is what its acceptance was told: accepted, or why it was refused."""

    provider_id: str
    wave: int
    has_declined: bool = False
    answer: str | None = None


@dataclass(slots=True, kw_only=True)
class Stranger:
    """A provider that accepted without an offer, and the answer it got."""

    provider_id: str
    answer: str


@dataclass(slots=True, kw_only=True)
class Happening:
    """One line of the history."""

    at: datetime
    what: str
    why: str


@dataclass(slots=True, kw_only=True)
class LeadState:
    """The state record of a lead id; stage `unknown` is an id that only strangers have spoken of so far.

    `wave` is the last wave handed off, `asked_wave` the last one asked for; `deadline` is the end of the max age.
    Mutable only for speed: nobody mutates one.
    """

    lead_id: str
    order_id: str = ""
    stage: str = UNKNOWN
    lead: LeadRequest | None = None
    wave: int = 0
    asked_wave: int = 0
    deadline: datetime | None = None
    winner: str | None = None
    offers: list[Offer] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)
    history: list[Happening] = field(default_factory=list)

    def offer_to(self, provider_id: str) -> Offer | None:
        return next((offer for offer in self.offers if offer.provider_id == provider_id), None)


def noted(state: LeadState, at: datetime, what: str, why: str, **changes: Any) -> LeadState:
    """The state with these changes and one more line of history; the oldest lines beyond MAX_HISTORY go."""
    history = [*state.history, Happening(at=at, what=what, why=why)][-MAX_HISTORY:]
    return replace(state, history=history, **changes)


def with_offer(state: LeadState, changed: Offer) -> list[Offer]:
    """The offers of `state` with the one to this provider changed."""
    return [changed if offer.provider_id == changed.provider_id else offer for offer in state.offers]
