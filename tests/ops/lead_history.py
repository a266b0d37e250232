"""A history by hand: three leads as they should go, and what it takes to tell them differently."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from streams.contracts.names import lead_id
from streams.contracts.topology_file import load
from streams.domain.commands import CancelLead, LeadRequest, LeadSlip, StartLead, WidenLead
from streams.domain.events import (
    AcceptanceRefused,
    Customer,
    Event,
    LeadAccepted,
    LeadCancelled,
    LeadEscalated,
    LeadExpired,
    LeadOffered,
    LeadOfferWithdrawn,
    LeadWidened,
    OrderCancelled,
    OrderPlaced,
    ProviderAcceptedLead,
)
from streams.ops.laws import Fact, History, Letter, judge

TOPOLOGY = load(Path(__file__).parents[1] / "map.yaml")
HAND_OFF = "lead.await_acceptance"
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
WON, EXPIRED, CANCELLED = "o-won", "o-expired", "o-cancelled"


def at(minute: float) -> datetime:
    """Windows are 15 minutes in the shipped map, the max age is 120."""
    return START + timedelta(minutes=minute)


def order(order_id: str) -> OrderPlaced:
    customer = Customer(customer_id="c", city="santos", state="SP", zip_prefix="11")
    return OrderPlaced(order_id=order_id, customer=customer, items=[], total_cents=0, placed_at=START)


def request(order_id: str) -> LeadRequest:
    return LeadRequest(
        lead_id=lead_id(order_id), order_id=order_id, city="", state="", categories=[], total_cents=0, priority=""
    )


class Log:
    """Facts in the order in which they are told, each by the name that a test may forget or replace it by."""

    def __init__(self) -> None:
        self.facts: dict[str, Fact[Event | None]] = {}
        self.letters: list[Letter] = []
        self.taken = {"partner_x": ["x-1"], "partner_y": ["y-1"]}
        self._offsets: Counter[str] = Counter()

    def tell(self, name: str, record: Event, minute: float, *, topic: str = "", **more: Any) -> Fact[Event | None]:
        [topic] = [topic] if topic else [s.topic for s in TOPOLOGY.topics_of(type(record).__name__) if _is_public(s)]
        self._offsets[topic] += 1
        known: Any = getattr(record, "order_id", None) or getattr(record, "lead_id", None)
        given = {"id": name, "key": known} | more
        fact = Fact(topic, 0, self._offsets[topic], at(minute), record=record, **given)
        self.facts[name] = fact
        return fact

    def translated(self, partner: str, id: str, cause: str) -> None:
        """A partner's own record of a LeadAccepted."""
        topic = f"{partner}.lead.accepted.v1"
        self._offsets[topic] += 1
        fact = Fact(topic, 0, self._offsets[topic], at(16), lead_id(WON), id, None, partner, cause)
        self.facts[id] = fact

    def bury(self, group: str, name: str) -> None:
        fact = self.facts[name]
        self.letters.append(Letter(group, fact.place, fact.key))

    def forget(self, *names: str) -> "Log":
        for name in names:
            del self.facts[name]
        return self

    def broken(self) -> dict[int, tuple[str, ...]]:
        """What a judge finds, by law."""
        history = History(TOPOLOGY, list(self.facts.values()), self.letters, self.taken)
        return {verdict.number: verdict.violations for verdict in judge(history) if not verdict.held}


def _is_public(spec: Any) -> bool:
    return not spec.is_partner_own and (spec.record != "LeadSlip" or spec.topic == HAND_OFF)


def offered(order_id: str, provider: str, wave: int) -> LeadOffered:
    return LeadOffered(
        lead_id=lead_id(order_id), order_id=order_id, provider_id=provider, wave=wave, expires_at=at(120)
    )


def accepted(order_id: str, provider: str, minute: float, wave: int = 1) -> LeadAccepted:
    return LeadAccepted(
        lead_id=lead_id(order_id), order_id=order_id, provider_id=provider, wave=wave, accepted_at=at(minute)
    )


def acceptance(order_id: str, provider: str) -> ProviderAcceptedLead:
    return ProviderAcceptedLead(lead_id=lead_id(order_id), provider_id=provider)


def refused(order_id: str, provider: str, reason: str) -> AcceptanceRefused:
    return AcceptanceRefused(lead_id=lead_id(order_id), provider_id=provider, reason=reason)


def expired(order_id: str) -> LeadExpired:
    return LeadExpired(lead_id=lead_id(order_id), order_id=order_id, expired_at=at(120))


def withdrawn(order_id: str, providers: Iterable[str], log: Log, minute: float) -> None:
    for provider in providers:
        record = LeadOfferWithdrawn(lead_id=lead_id(order_id), order_id=order_id, provider_id=provider, reason="")
        log.tell(f"withdrawn from {provider}", record, minute)


def handed(order_id: str, wave: int) -> LeadSlip:
    return LeadSlip(
        lead_id=lead_id(order_id), lead=request(order_id), wave=wave, expires_at=at(120), remaining=[HAND_OFF]
    )


def widen(order_id: str, wave: int) -> WidenLead:
    return WidenLead(
        lead_id=lead_id(order_id), lead=request(order_id), wave=wave, already_offered=[], expires_at=at(120)
    )


def good() -> Log:
    """b wins the first lead in wave 2, where c was offered too; the second one expires; the third is cancelled."""
    log = Log()
    _won(log)
    log.tell("placed and expired", order(EXPIRED), 0)
    log.tell("started and expired", StartLead(lead_id=lead_id(EXPIRED), lead=request(EXPIRED), expires_at=at(120)), 0)
    log.tell("failed slip", handed(EXPIRED, 1), 0.1)
    log.tell("escalated", LeadEscalated(lead_id=lead_id(EXPIRED), order_id=EXPIRED, reasons=["slip_failed"]), 0.2)
    log.tell("expired", expired(EXPIRED), 120.1)
    log.tell("placed and cancelled", order(CANCELLED), 0)
    log.tell("withdrawn order", OrderCancelled(order_id=CANCELLED, reason="changed_mind"), 0.1)
    log.tell("cancel", CancelLead(lead_id=lead_id(CANCELLED), order_id=CANCELLED, reason="changed_mind"), 0.1)
    log.tell("cancelled", LeadCancelled(lead_id=lead_id(CANCELLED), order_id=CANCELLED, reason="changed_mind"), 0.2)
    return log


def _won(log: Log) -> None:
    lead = lead_id(WON)
    log.tell("placed", order(WON), 0)
    log.tell("started", StartLead(lead_id=lead, lead=request(WON), expires_at=at(120)), 0, source="matching")
    log.tell("handed off", handed(WON, 1), 0.1)
    log.tell("offered to a", offered(WON, "a", 1), 0.2)
    log.tell("offered to b", offered(WON, "b", 1), 0.2)
    log.tell("wave 2 asked for", widen(WON, 2), 15.1)
    log.tell("wave 2 handed off", handed(WON, 2), 15.2)
    log.tell("widened", LeadWidened(lead_id=lead, order_id=WON, wave=2), 15.3)
    log.tell("offered to c", offered(WON, "c", 2), 15.3)
    log.tell("b accepts", acceptance(WON, "b"), 16)
    log.tell("won by b", accepted(WON, "b", 16), 16.1)
    withdrawn(WON, ["a", "c"], log, 16.1)
    log.tell("a accepts late", acceptance(WON, "a"), 17)
    log.tell("a refused", refused(WON, "a", "already_taken"), 17.1)
    log.translated("partner_x", "x-1", "won by b")
    log.translated("partner_y", "y-1", "won by b")
