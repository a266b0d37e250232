"""The planners: a command becomes a slip on its way."""

import pytest

from streams.domain.commands import LeadSlip, StartLead, WidenLead
from streams.domain.effects import Publish
from streams.domain.failure import Poison
from streams.slips import start, widen
from tests.domain.lead_story import DEADLINE, LEAD

PLAN = ("match", "choose", "judge")
START = StartLead(lead_id=LEAD.lead_id, lead=LEAD, expires_at=DEADLINE)
WIDEN = WidenLead(lead_id=LEAD.lead_id, lead=LEAD, wave=3, already_offered=["a"], expires_at=DEADLINE)


def slip_of(wave: int, *already_offered: str) -> LeadSlip:
    return LeadSlip(
        lead_id=LEAD.lead_id,
        lead=LEAD,
        wave=wave,
        expires_at=DEADLINE,
        remaining=list(PLAN),
        already_offered=list(already_offered),
    )


def test_a_lead_starts_with_its_first_wave() -> None:
    assert start(START, default_plan=PLAN, known=PLAN) == [Publish(slip_of(1), to="match")]


def test_a_widened_lead_leaves_out_who_was_offered() -> None:
    assert widen(WIDEN, default_plan=PLAN, known=PLAN) == [Publish(slip_of(3, "a"), to="match")]


def test_an_empty_plan_sends_nothing() -> None:
    assert start(START, default_plan=(), known=PLAN) == []


def test_a_refused_plan_is_poison() -> None:
    with pytest.raises(Poison, match="unknown_step: choose"):
        start(START, default_plan=PLAN, known={"match", "judge"})
