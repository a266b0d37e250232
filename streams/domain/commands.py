"""What the provider context asks of itself: commands to start, cancel and widen a lead, and the slip that travels."""

from dataclasses import dataclass, field
from datetime import datetime

from streams.domain.events import Event


@dataclass(slots=True, kw_only=True)
class LeadRequest:
    """What matching needs to know of an order; nothing that identifies the customer."""

    lead_id: str
    order_id: str
    city: str
    state: str
    categories: list[str]
    total_cents: int
    priority: str


@dataclass(slots=True, kw_only=True)
class StartLead(Event):
    lead_id: str
    lead: LeadRequest
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class CancelLead(Event):
    lead_id: str
    order_id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class WidenLead(Event):
    lead_id: str
    lead: LeadRequest
    wave: int
    already_offered: list[str]
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class Candidate:
    provider_id: str
    score: int
    reasons: list[str]


@dataclass(slots=True, kw_only=True)
class Exclusion:
    provider_id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class LeadSlip(Event):
    """The travelling message of a routing slip: the rest of the plan, what was visited, what was found on the way."""

    lead_id: str
    lead: LeadRequest
    wave: int
    expires_at: datetime
    remaining: list[str]
    visited: list[str] = field(default_factory=list)
    already_offered: list[str] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
