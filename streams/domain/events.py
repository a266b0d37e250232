"""What happened and what is asked for: a dataclass for each Avro record of schemas/, same name, same fields."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True, kw_only=True)
class Event:
    """`time` is the record's append time in its source topic, set by the runtime; it is not on the wire."""

    time: datetime = field(default=EPOCH, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerDue:
    """A timer of this key has come due; `now` of the handler is its due time."""

    key: str
    name: str
    wave: int = 0


@dataclass(slots=True, kw_only=True)
class Customer:
    customer_id: str
    city: str
    state: str
    zip_prefix: str


@dataclass(slots=True, kw_only=True)
class Item:
    product_id: str
    category: str
    price_cents: int
    freight_cents: int


@dataclass(slots=True, kw_only=True)
class OrderPlaced(Event):
    order_id: str
    customer: Customer
    items: list[Item]
    total_cents: int
    priority: str = "standard"
    placed_at: datetime


@dataclass(slots=True, kw_only=True)
class OrderCancelled(Event):
    order_id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class ProviderProfile(Event):
    provider_id: str
    categories: list[str]
    city: str
    state: str
    accepting: bool


@dataclass(slots=True, kw_only=True)
class ProviderAcceptedLead(Event):
    lead_id: str
    provider_id: str


@dataclass(slots=True, kw_only=True)
class ProviderDeclinedLead(Event):
    lead_id: str
    provider_id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class LeadOffered(Event):
    lead_id: str
    order_id: str
    provider_id: str
    wave: int
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class LeadAccepted(Event):
    lead_id: str
    order_id: str
    provider_id: str
    wave: int
    accepted_at: datetime


@dataclass(slots=True, kw_only=True)
class AcceptanceRefused(Event):
    lead_id: str
    provider_id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class LeadWidened(Event):
    lead_id: str
    order_id: str
    wave: int


@dataclass(slots=True, kw_only=True)
class LeadEscalated(Event):
    lead_id: str
    order_id: str
    reasons: list[str]


@dataclass(slots=True, kw_only=True)
class LeadExpired(Event):
    lead_id: str
    order_id: str
    expired_at: datetime


@dataclass(slots=True, kw_only=True)
class LeadCancelled(Event):
    lead_id: str
    order_id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class LeadOfferWithdrawn(Event):
    lead_id: str
    order_id: str
    provider_id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class ReceiptRequested(Event):
    order_id: str
    customer_id: str
    total_cents: int
    item_count: int


@dataclass(slots=True, kw_only=True)
class OrderScreened(Event):
    order_id: str
    is_suspicious: bool
    reasons: list[str]
