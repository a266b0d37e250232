"""lead.notify_candidates, called alone."""

from streams.domain.commands import Candidate, Exclusion, LeadSlip
from streams.domain.effects import Publish
from streams.domain.waves import Wave
from streams.steps.lead_notify_candidates import notify_candidates
from tests.domain.lead_story import DEADLINE, LEAD

WAVES = (Wave(2, "city"), Wave(3, "state"))


def chosen(wave: int, *candidates: str) -> LeadSlip:
    slip = LeadSlip(
        lead_id=LEAD.lead_id,
        lead=LEAD,
        wave=wave,
        expires_at=DEADLINE,
        remaining=["lead.notify_candidates", "judge"],
        candidates=[Candidate(provider_id=provider, score=9, reasons=[]) for provider in candidates],
        exclusions=[Exclusion(provider_id="z", reason="out_of_reach")],
        reasons=["out_of_reach:1"],
    )
    (effect,) = notify_candidates(slip, waves=WAVES)
    assert isinstance(effect, Publish)
    assert isinstance(effect.record, LeadSlip)
    assert effect.to == "judge"
    return effect.record


def test_it_offers_to_the_best_of_the_waves_size() -> None:
    assert chosen(1, "a", "b", "c", "d").offered == ["a", "b"]
    assert chosen(2, "a", "b", "c", "d").offered == ["a", "b", "c"]


def test_without_candidates_it_offers_to_nobody_and_keeps_the_reasons() -> None:
    slip = chosen(1)
    assert (slip.offered, slip.reasons) == ([], ["out_of_reach:1"])


def test_what_the_saga_does_not_need_stays_behind() -> None:
    slip = chosen(1, "a", "b", "c")
    assert [candidate.provider_id for candidate in slip.candidates] == ["a", "b"]
    assert slip.exclusions == []
