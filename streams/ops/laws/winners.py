"""Law 3: at most one winner, and it is the first valid acceptance in the log that is not in dead letters."""

from collections.abc import Iterator

from streams.domain.events import LeadAccepted, LeadExpired, LeadOffered, ProviderAcceptedLead
from streams.ops.laws.history import Case, Fact, History, Place


def first_wins(history: History) -> Iterator[str]:
    dead = history.dead(history.groups("saga"))
    for case in history.cases.values():
        won, first = case.of(LeadAccepted), first_valid(case, dead)
        if len(won) > 1:
            yield f"{case} has {len(won)} winners: {', '.join(each.record.provider_id for each in won)}"
        elif won:
            yield from _judged(case, won[0].record, first)
        elif first and case.of(LeadExpired):
            yield f"{case} expired although {first.record.provider_id} had accepted in time ({first})"


def first_valid(case: Case, dead: set[Place]) -> Fact[ProviderAcceptedLead] | None:
    """The first acceptance that is beyond doubt: an offer was visible before it, and its deadline had not passed.

    One that was appended before its offer may have been judged before it or after it; it may win but need not.
    """
    offers = offers_of(case)
    valid = (
        each
        for each in case.of(ProviderAcceptedLead)
        if each.place not in dead
        and (offer := offers.get(each.record.provider_id))
        and offer.time < each.time <= offer.record.expires_at
    )
    return min(valid, key=lambda each: each.offset, default=None)


def offers_of(case: Case) -> dict[str, Fact[LeadOffered]]:
    """The first offer to each provider."""
    return {offer.record.provider_id: offer for offer in reversed(case.of(LeadOffered))}


def _judged(case: Case, won: LeadAccepted, first: Fact[ProviderAcceptedLead] | None) -> Iterator[str]:
    offer = offers_of(case).get(won.provider_id)
    said = [each for each in case.of(ProviderAcceptedLead) if each.record.provider_id == won.provider_id]
    winning = next((each for each in said if each.time == won.accepted_at), None)
    if offer is None:
        yield f"{case} was won by {won.provider_id}, to whom it was not offered"
    elif won.accepted_at > offer.record.expires_at:
        yield f"{case} was won by {won.provider_id} after its deadline"
    if winning is None:
        yield f"{case} was won by {won.provider_id}, who did not accept it at {won.accepted_at}"
    elif first and (first.partition, first.offset) < (winning.partition, winning.offset):
        yield f"{case} was won by {won.provider_id} ({winning}) although {first.record.provider_id} was first ({first})"
