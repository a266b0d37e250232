"""lead.shortlist, called alone."""

from streams.domain.commands import Candidate, LeadSlip
from streams.domain.effects import Publish
from streams.steps.lead_shortlist import shortlist
from tests.domain.lead_story import DEADLINE, LEAD


def test_candidates_who_barely_fit_are_left_out_and_counted() -> None:
    scores = {"a": 120, "b": 60, "c": 59}
    slip = LeadSlip(
        lead_id=LEAD.lead_id,
        lead=LEAD,
        wave=1,
        expires_at=DEADLINE,
        remaining=["lead.shortlist", "lead.notify_candidates"],
        candidates=[Candidate(provider_id=who, score=score, reasons=[]) for who, score in scores.items()],
    )
    (effect,) = shortlist(slip)
    assert isinstance(effect, Publish)
    assert isinstance(effect.record, LeadSlip)
    assert effect.to == "lead.notify_candidates"
    assert [candidate.provider_id for candidate in effect.record.candidates] == ["a", "b"]
    assert effect.record.reasons == ["weak_match:1"]
