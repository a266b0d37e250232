"""Law 4: each provider's acceptance of a lead gets exactly one answer, or lies in dead letters."""

from collections.abc import Iterator

from streams.domain.answers import NOT_OFFERED
from streams.domain.events import AcceptanceRefused, LeadAccepted, LeadOffered, ProviderAcceptedLead
from streams.ops.laws.history import Fact, History, Place
from streams.ops.laws.winners import offers_of

Answer = Fact[LeadAccepted] | Fact[AcceptanceRefused]


def one_answer(history: History) -> Iterator[str]:
    dead = history.dead(history.groups("saga"))
    for case in history.cases.values():
        offers = offers_of(case)
        answered: list[Answer] = [*case.of(LeadAccepted), *case.of(AcceptanceRefused)]
        asked = case.of(ProviderAcceptedLead)
        for provider in sorted({each.record.provider_id for each in [*asked, *answered]}):
            accepted = [each for each in asked if each.record.provider_id == provider]
            answers = [each for each in answered if each.record.provider_id == provider]
            yield from _checked(f"{case}: {provider}", accepted, answers, offers.get(provider), dead)


def _checked(
    who: str,
    accepted: list[Fact[ProviderAcceptedLead]],
    answers: list[Answer],
    offer: Fact[LeadOffered] | None,
    dead: set[Place],
) -> Iterator[str]:
    """What was told before an offer does not count, and what was asked before it may have been told that."""
    told_before = [each for each in answers if offer is not None and _is_not_offered(each)]
    told = [each for each in answers if each not in told_before]
    alive = [each for each in accepted if each.place not in dead]
    since = [each for each in alive if offer is None or each.time > offer.time]
    if not accepted:
        yield f"{who} got {len(answers)} answers but accepted nothing"
    elif len(told) > 1 or len(told_before) > 1:
        yield f"{who} got {len(answers)} answers: {', '.join(map(str, answers))}"
    elif told_before and len(since) == len(accepted):
        yield f"{who} was refused as not offered ({told_before[0]}) although it was ({offer})"
    elif (since and not told) or (alive and not answers):
        yield f"{who} got no answer to {(since or alive)[0]}"


def _is_not_offered(answer: Answer) -> bool:
    return isinstance(answer.record, AcceptanceRefused) and answer.record.reason == NOT_OFFERED
