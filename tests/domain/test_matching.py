"""Every provider is scored, or left out with its reason."""

import time
from dataclasses import replace

import pytest

from streams.domain.commands import Exclusion
from streams.domain.events import ProviderProfile
from streams.domain.matching import CANDIDATES_PER_OFFER, MAX_EXCLUSIONS, match
from streams.domain.waves import Reach, Wave, wave_at
from tests.domain.lead_story import LEAD

COUNTRY = Wave(5, "country")


def provider(name: str = "p", sells: str = "toys", city: str = "campinas", state: str = "SP") -> ProviderProfile:
    return ProviderProfile(provider_id=name, categories=sells.split(), city=city, state=state, accepting=True)


def left_out(provider: ProviderProfile, wave: Wave = COUNTRY, offered: tuple[str, ...] = ()) -> list[Exclusion]:
    return match(LEAD, wave, offered, [provider]).exclusions


def chosen(providers: list[ProviderProfile], wave: Wave = COUNTRY, categories: str = "toys") -> list[str]:
    lead = replace(LEAD, categories=categories.split())
    return [candidate.provider_id for candidate in match(lead, wave, (), providers).candidates]


def test_a_provider_that_takes_no_leads_is_left_out() -> None:
    assert left_out(replace(provider(), accepting=False)) == [Exclusion(provider_id="p", reason="not_accepting")]


def test_a_provider_of_other_categories_is_left_out() -> None:
    assert left_out(provider(sells="pets books")) == [Exclusion(provider_id="p", reason="wrong_category")]


def test_a_provider_offered_before_is_left_out() -> None:
    assert left_out(provider(), offered=("p",)) == [Exclusion(provider_id="p", reason="already_offered")]


@pytest.mark.parametrize(
    ("reach", "reached"),
    [("city", ["here"]), ("state", ["here", "near"]), ("country", ["here", "near", "namesake", "nowhere"])],
)
def test_a_wave_reaches_its_city_its_state_or_its_country(reach: Reach, reached: list[str]) -> None:
    providers = [
        provider("here"),
        provider("near", city="santos"),
        provider("namesake", state="RJ"),
        provider("nowhere", city="", state=""),
    ]
    found = match(LEAD, Wave(5, reach), (), providers)
    assert {candidate.provider_id for candidate in found.candidates} == set(reached)
    assert {exclusion.reason for exclusion in found.exclusions} <= {"out_of_reach"}


def test_an_order_without_a_place_is_in_the_country_only() -> None:
    nowhere = replace(LEAD, city="", state="")
    assert match(nowhere, Wave(5, "city"), (), [provider(city="", state="")]).candidates == []
    assert len(match(nowhere, COUNTRY, (), [provider()]).candidates) == 1


def test_two_unknown_cities_are_not_the_same_city() -> None:
    somewhere = replace(LEAD, city="")
    assert match(somewhere, Wave(5, "city"), (), [provider(city="")]).candidates == []


def test_an_order_without_items_fits_every_category() -> None:
    assert chosen([provider("a"), provider("b", sells="pets")], categories="") != []


def test_who_sells_more_of_the_order_comes_first_then_who_is_closer() -> None:
    providers = [
        provider("some", sells="toys"),
        provider("far", sells="toys pets", state="RJ"),
        provider("state", sells="toys pets", city="santos"),
        provider("city", sells="toys pets"),
    ]
    assert chosen(providers, categories="toys pets") == ["city", "state", "far", "some"]


def test_a_score_says_its_reasons() -> None:
    (candidate,) = match(LEAD, COUNTRY, (), [provider(city="santos")]).candidates
    assert (candidate.score, candidate.reasons) == (110, ["sells 1 of 1", "same_state"])


def test_equal_providers_are_ordered_by_lead_whatever_order_they_are_read_in() -> None:
    providers = [provider(f"p{number}") for number in range(20)]
    assert chosen(providers) == chosen(providers[::-1])


def test_the_load_spreads_over_equal_providers() -> None:
    providers = [provider(f"{number:032x}") for number in range(10)]
    firsts = [0] * 10
    for order in range(1000):
        lead = replace(LEAD, lead_id=f"lead-{order:032x}")
        firsts[int(match(lead, COUNTRY, (), providers).candidates[0].provider_id, 16)] += 1
    assert min(firsts) > 30


def test_messages_stay_small_and_the_nearest_misses_are_listed() -> None:
    wrong = [provider(f"w{number}", sells="pets") for number in range(1000)]
    far = [provider(f"f{number}", state="RJ") for number in range(10)]
    good = [provider(f"g{number}") for number in range(1000)]
    found = match(LEAD, Wave(5, "city"), ("g0",), [*wrong, *far, *good])
    assert len(found.candidates) == 5 * CANDIDATES_PER_OFFER
    assert len(found.exclusions) == MAX_EXCLUSIONS
    assert [exclusion.reason for exclusion in found.exclusions[:12]] == [
        "already_offered",
        *["out_of_reach"] * 10,
        "wrong_category",
    ]
    assert found.reasons == ["already_offered:1", "out_of_reach:10", "wrong_category:1000"]


def test_a_directory_of_1600_providers_is_searched_in_milliseconds() -> None:
    providers = [provider(f"{number:032x}", sells=("toys pets", "books")[number % 3 > 0]) for number in range(1600)]

    def once() -> float:
        before = time.perf_counter()
        match(LEAD, COUNTRY, (), providers)
        return time.perf_counter() - before

    assert min(once() for _ in range(10)) < 0.005


def test_a_wave_beyond_the_last_is_as_wide_as_the_last() -> None:
    waves = (Wave(1, "city"), Wave(2, "state"))
    assert [wave_at(waves, number) for number in (1, 2, 3)] == [waves[0], waves[1], waves[1]]
