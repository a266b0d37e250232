"""The planners: a command becomes a slip on its way."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

import pytest

from streams.domain import slip
from streams.domain.commands import LeadSlip, StartLead, WidenLead
from streams.domain.effects import Publish
from streams.domain.failure import Poison
from streams.slips import Plan, start, widen
from tests.domain.lead_story import DEADLINE, LEAD

PLAN = ("match", "choose", "judge")
START = StartLead(lead_id=LEAD.lead_id, lead=LEAD, expires_at=DEADLINE)
WIDEN = WidenLead(lead_id=LEAD.lead_id, lead=LEAD, wave=3, already_offered=["a"], expires_at=DEADLINE)


def planned(stops: Sequence[str] = PLAN, known: Collection[str] = PLAN, **by_priority: Sequence[str]) -> Plan:
    return partial(slip.plan, default_plan=stops, known=known, by_priority=by_priority)


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
    assert start(START, plan=planned()) == [Publish(slip_of(1), to="match")]


def test_a_widened_lead_leaves_out_who_was_offered() -> None:
    assert widen(WIDEN, plan=planned()) == [Publish(slip_of(3, "a"), to="match")]


def test_an_order_of_a_priority_takes_the_plan_of_that_priority() -> None:
    urgent = replace(START, lead=replace(LEAD, priority="priority"))
    (sent,) = start(urgent, plan=planned(priority=("choose", "judge")))
    assert isinstance(sent, Publish) and sent.to == "choose"
    assert start(START, plan=planned(priority=("choose", "judge"))) == [Publish(slip_of(1), to="match")]


def test_an_empty_plan_sends_nothing() -> None:
    assert start(START, plan=planned(())) == []


def test_a_refused_plan_is_poison() -> None:
    with pytest.raises(Poison, match="unknown_step: choose"):
        start(START, plan=planned(known={"match", "judge"}))
