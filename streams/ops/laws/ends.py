"""Laws 1 and 2: one lead per order, and one end per lead with no offer after it."""

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from streams.contracts import names
from streams.domain.commands import StartLead
from streams.domain.events import (
    LeadAccepted,
    LeadCancelled,
    LeadEscalated,
    LeadExpired,
    LeadOffered,
    LeadOfferWithdrawn,
    LeadWidened,
    OrderPlaced,
)
from streams.ops.laws.history import Case, History

OfALead = LeadOffered | LeadWidened | LeadEscalated | LeadAccepted | LeadExpired | LeadCancelled | LeadOfferWithdrawn
_OF_A_LEAD: tuple[type[OfALead], ...] = get_args(OfALead)


def one_lead_per_order(history: History) -> Iterator[str]:
    """A lead begun twice would belong to another order, offer twice, or have another deadline."""
    for case in history.cases.values():
        for order in sorted({fact.record.order_id for kind in _OF_A_LEAD for fact in case.of(kind)}):
            if names.lead_id(order) != case.lead_id:
                yield f"{case} speaks of order {order}"
        offers = case.of(LeadOffered)
        for provider, times in Counter(offer.record.provider_id for offer in offers).items():
            if times > 1:
                yield f"{case} was offered to {provider} {times} times"
        if len(deadlines := {offer.record.expires_at for offer in offers}) > 1:
            yield f"{case} has {len(deadlines)} deadlines: {', '.join(map(str, sorted(deadlines)))}"


def one_end(history: History) -> Iterator[str]:
    """Every offer known at the end is withdrawn with it, except the winner's: one that is not came after the end."""
    buried, has_plan = _buried_on_the_way(history), any(stanza.plan for stanza in history.topology.stanzas.values())
    for case in history.cases.values():
        ends, placed = case.ends, case.of(OrderPlaced)
        if len(ends) > 1:
            yield f"{case} ended {len(ends)} times: {', '.join(map(str, ends))}"
        elif ends:
            yield from _withdrawals(case)
        elif any(case.of(kind) for kind in _OF_A_LEAD):
            yield f"{case} never ended"
        elif placed and has_plan and buried.isdisjoint({case.lead_id, placed[0].record.order_id}):
            yield f"{placed[0]}: its order has no lead, and lies in no dead letters"


def _withdrawals(case: Case) -> Iterator[str]:
    winners = {won.record.provider_id for won in case.of(LeadAccepted)}
    losers = {offer.record.provider_id for offer in case.of(LeadOffered)} - winners
    withdrawn = Counter(each.record.provider_id for each in case.of(LeadOfferWithdrawn))
    for provider in sorted(losers - withdrawn.keys()):
        yield f"{case} was offered to {provider} after its end: the end did not withdraw it"
    for provider, times in withdrawn.items():
        if provider not in losers:
            yield f"{case} was withdrawn from {provider}, who {'had won' if provider in winners else 'never had it'}"
        elif times > 1:
            yield f"{case} was withdrawn from {provider} {times} times"


def _buried_on_the_way(history: History) -> set[str]:
    """Keys of dead letters of the groups that bring an order to the saga."""
    translators = {fact.source for case in history.cases.values() for fact in case.of(StartLead)}
    on_the_way = {*history.groups("planner", "step", "saga"), *(translators or history.groups("subscriber"))}
    return {letter.key for letter in history.letters if letter.group in on_the_way}
