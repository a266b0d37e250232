"""lead.match, called alone."""

from dataclasses import dataclass, field

import pytest

from streams.domain.commands import LeadSlip
from streams.domain.effects import Publish
from streams.domain.events import ProviderProfile
from streams.domain.waves import Wave
from streams.steps.lead_match import match
from tests.domain.lead_story import DEADLINE, LEAD

WAVES = (Wave(1, "city"), Wave(1, "state"))
NEAR = ProviderProfile(provider_id="near", categories=["toys"], city="campinas", state="SP", accepting=True)
FAR = ProviderProfile(provider_id="far", categories=["toys"], city="santos", state="SP", accepting=True)


@dataclass
class Directory:
    providers: dict[str, ProviderProfile] = field(default_factory=lambda: {"near": NEAR, "far": FAR})

    def values(self) -> list[ProviderProfile]:
        return list(self.providers.values())


def slip_of(wave: int, *already_offered: str, plan: tuple[str, ...] = ("lead.match", "next")) -> LeadSlip:
    return LeadSlip(
        lead_id=LEAD.lead_id,
        lead=LEAD,
        wave=wave,
        expires_at=DEADLINE,
        remaining=list(plan),
        already_offered=list(already_offered),
    )


def matched(message: LeadSlip) -> LeadSlip:
    (effect,) = match(message, waves=WAVES, providers=Directory())
    assert isinstance(effect, Publish)
    assert isinstance(effect.record, LeadSlip)
    assert effect.to == message.remaining[1]
    return effect.record


def test_the_first_wave_finds_the_city() -> None:
    found = matched(slip_of(1))
    assert [candidate.provider_id for candidate in found.candidates] == ["near"]
    assert [(each.provider_id, each.reason) for each in found.exclusions] == [("far", "out_of_reach")]
    assert found.reasons == ["out_of_reach:1"]


def test_the_next_wave_reaches_further_and_leaves_out_who_was_offered() -> None:
    found = matched(slip_of(2, "near"))
    assert [candidate.provider_id for candidate in found.candidates] == ["far"]
    assert [(each.provider_id, each.reason) for each in found.exclusions] == [("near", "already_offered")]


@pytest.mark.parametrize("plan", [("lead.match", "choose", "judge"), ("lead.match", "judge")])
def test_two_slips_use_the_same_step(plan: tuple[str, ...]) -> None:
    found = matched(slip_of(1, plan=plan))
    assert (found.visited, found.remaining) == (["lead.match"], list(plan[1:]))
