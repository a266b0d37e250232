"""Who could fulfil an order: every provider scored, or excluded with its reason code."""

import heapq
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from zlib import crc32

from streams.domain.commands import Candidate, Exclusion, LeadRequest
from streams.domain.events import ProviderProfile
from streams.domain.waves import Wave

NOT_ACCEPTING, WRONG_CATEGORY = "not_accepting", "wrong_category"
OUT_OF_REACH, ALREADY_OFFERED = "out_of_reach", "already_offered"
NEAREST_MISS_FIRST = (ALREADY_OFFERED, NOT_ACCEPTING, OUT_OF_REACH, WRONG_CATEGORY)
MAX_EXCLUSIONS = 50
CANDIDATES_PER_OFFER = 3
LeftOut = dict[str, list[str]]  # reason → provider ids
_SAME_CITY, _SAME_STATE, _ELSEWHERE = 2, 1, 0
_CLOSENESS = {_SAME_CITY: "same_city", _SAME_STATE: "same_state", _ELSEWHERE: "same_country"}
_NEEDED = {"city": _SAME_CITY, "state": _SAME_STATE, "country": _ELSEWHERE}


@dataclass(frozen=True, slots=True)
class Match:
    """The best candidates, best first; the nearest misses; and how many were excluded for each reason."""

    candidates: list[Candidate]
    exclusions: list[Exclusion]
    reasons: list[str]


def match(lead: LeadRequest, wave: Wave, offered: Collection[str], providers: Iterable[ProviderProfile]) -> Match:
    """Scores 0..120: 100 for all categories of the order, 10 for its state, 10 more for its city.

    Equal scores are ordered by a hash of lead and provider, so that repeats agree and the load spreads. At most
    CANDIDATES_PER_OFFER × wave size candidates and MAX_EXCLUSIONS exclusions are listed, so that messages stay small.
    """
    left_out: LeftOut = {reason: [] for reason in NEAREST_MISS_FIRST}
    found = list(_scored(lead, _NEEDED[wave.reach], set(offered), providers, left_out))
    best = heapq.nsmallest(CANDIDATES_PER_OFFER * wave.size, found)
    wanted = len(set(lead.categories))
    candidates = [
        Candidate(provider_id=who, score=-score, reasons=[f"sells {sold} of {wanted}", _CLOSENESS[closeness]])
        for score, _, who, sold, closeness in best
    ]
    return Match(candidates, _listed(left_out), [f"{why}:{len(who)}" for why, who in left_out.items() if who])


def _scored(
    lead: LeadRequest, needed: int, known: set[str], providers: Iterable[ProviderProfile], left_out: LeftOut
) -> Iterator[tuple[int, int, str, int, int]]:
    """Each fit as (minus score, hash, provider, categories sold, closeness); the others join `left_out`."""
    wanted, seed = set(lead.categories), crc32(lead.lead_id.encode())
    for provider in providers:
        sold = len(wanted.intersection(provider.categories)) if wanted else 0
        closeness = _closeness(lead, provider)
        if not provider.accepting:
            left_out[NOT_ACCEPTING].append(provider.provider_id)
        elif wanted and not sold:
            left_out[WRONG_CATEGORY].append(provider.provider_id)
        elif closeness < needed:
            left_out[OUT_OF_REACH].append(provider.provider_id)
        elif provider.provider_id in known:
            left_out[ALREADY_OFFERED].append(provider.provider_id)
        else:
            score = 100 * sold // (len(wanted) or 1) + 10 * closeness
            yield -score, crc32(provider.provider_id.encode(), seed), provider.provider_id, sold, closeness


def _closeness(lead: LeadRequest, provider: ProviderProfile) -> int:
    if not lead.state or lead.state != provider.state:
        return _ELSEWHERE
    return _SAME_CITY if lead.city and lead.city == provider.city else _SAME_STATE


def _listed(left_out: LeftOut) -> list[Exclusion]:
    every = (Exclusion(provider_id=who, reason=why) for why, ids in left_out.items() for who in ids)
    return [exclusion for exclusion, _ in zip(every, range(MAX_EXCLUSIONS), strict=False)]
