"""The market of a system under test: its providers, and what was said of a lead, as anybody outside can read it."""

from collections.abc import Sequence
from typing import Any, TypeVar

from streams.contracts.names import lead_id
from streams.domain.events import (
    AcceptanceRefused,
    Event,
    LeadOffered,
    LeadOfferWithdrawn,
    OrderCancelled,
    ProviderAcceptedLead,
    ProviderDeclinedLead,
    ProviderProfile,
)
from streams.ops.laws.judge import judge
from streams.ops.laws.reading import read
from tests.flow import Flow, Map, placed, small
from tests.worker import until

E = TypeVar("E", bound=Event)
DELAYS = ("200ms", "400ms")
APPS = ("matching", "lead.start", "lead.widen", "lead.match", "lead.notify_candidates", "leads")
_REST = {"partners", "notifications", "analytics", "fraud"}  # of the shipped map: who only hears of leads


def leads_only(window: str, max_age: str, *waves: tuple[int, str]) -> Map:
    """The shipped map without partners and other contexts, with a policy of one's own."""
    wanted = small(delays=DELAYS)
    contexts = wanted["contexts"]
    contexts["customer"]["publishes"] += ["notification.receipt.v1", "order.screened.v1"]
    for name in _REST:
        (wanted if name in wanted else contexts).pop(name)
    policy: dict[str, Any] = {"window": window, "max_age": max_age}
    policy["waves"] = [{"size": size, "reach": reach} for size, reach in waves]
    contexts["provider"]["sagas"]["leads"] |= policy
    return wanted


def partners_only(delays: Sequence[str] = DELAYS) -> Map:
    """The shipped map without apps of ours; what partners hear of comes from outside."""
    wanted = small(delays=delays)
    published = [topic for context in wanted["contexts"].values() for topic in context.get("publishes", [])]
    wanted["contexts"] = {"provider": {"publishes": published}}
    return wanted


def toy_shops(city: str, state: str, number: int) -> list[ProviderProfile]:
    """So many, called after their city: `campinas-0` and so on."""
    names = [f"{city}-{each}" for each in range(number)]
    return [
        ProviderProfile(provider_id=name, categories=["toys"], city=city, state=state, accepting=True) for name in names
    ]


def accepts(lead: str, provider: str) -> ProviderAcceptedLead:
    return ProviderAcceptedLead(lead_id=lead, provider_id=provider)


def declines(lead: str, provider: str) -> ProviderDeclinedLead:
    return ProviderDeclinedLead(lead_id=lead, provider_id=provider, reason="busy")


def order(flow: Flow, *orders: str) -> list[str]:
    """Places these orders; the ids of their leads."""
    flow.send(*placed(*orders))
    return leads_of(*orders)


def cancel(flow: Flow, *orders: str) -> None:
    flow.send(*(OrderCancelled(order_id=order, reason="changed my mind") for order in orders))


def leads_of(*orders: str) -> list[str]:
    return [lead_id(order) for order in orders]


def said(flow: Flow, kind: type[E], *leads: str) -> list[E]:
    """Every committed record of this kind about these leads (or all), each lead's in the order of the log."""
    topics = [spec for spec in flow.topology.topics_of(kind.__name__) if not spec.is_partner_own]
    return [event for spec in topics for event in flow.events(spec.topic) if not leads or event.lead_id in leads]


def await_said(flow: Flow, kind: type[E], *leads: str, patience_s: float = 60.0) -> list[E]:
    """Until it was said of each of these leads."""
    what = f"{kind.__name__} of {', '.join(leads)}"
    until(lambda: {event.lead_id for event in said(flow, kind, *leads)} == set(leads), what, patience_s)  # type: ignore[attr-defined]
    return said(flow, kind, *leads)


def offered(flow: Flow, lead: str, wave: int = 1) -> list[str]:
    """Who was offered this lead in this wave; waits until somebody was."""
    until(lambda: any(offer.wave == wave for offer in said(flow, LeadOffered, lead)), f"wave {wave} of {lead}")
    return [offer.provider_id for offer in said(flow, LeadOffered, lead) if offer.wave == wave]


def withdrawn(flow: Flow, lead: str) -> dict[str, str]:
    """Provider → why its offer was withdrawn."""
    return {each.provider_id: each.reason for each in said(flow, LeadOfferWithdrawn, lead)}


def refusals(flow: Flow, lead: str) -> dict[str, str]:
    """Provider → the last reason it was refused for; nobody is told the same one twice."""
    found = said(flow, AcceptanceRefused, lead)
    assert len({(each.provider_id, each.reason) for each in found}) == len(found)
    return {each.provider_id: each.reason for each in found}


def await_refusal(flow: Flow, lead: str, provider: str) -> str:
    """Why this acceptance was refused, once it was."""
    return until(lambda: refusals(flow, lead).get(provider, ""), f"an answer to {provider} about {lead}")


def broken_laws(flow: Flow) -> list[str]:
    """What an outside judge of the whole history has to say."""
    return [violation for verdict in judge(read(flow.cluster, flow.topology)) for violation in verdict.violations]
