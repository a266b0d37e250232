"""The routing slip travels by its own plan."""

from dataclasses import replace

import pytest

from streams.domain import slip
from streams.domain.commands import Candidate, LeadSlip, StartLead, WidenLead
from streams.domain.effects import Effect, Publish
from streams.domain.failure import Poison
from tests.domain.lead_story import DEADLINE, LEAD

DEFAULT = ("match", "choose", "judge")
KNOWN = {"match", "choose", "judge", "ask_a_friend"}
URGENT = replace(LEAD, priority="priority")
AT_MATCH = LeadSlip(lead_id="lead-1", lead=LEAD, wave=2, expires_at=DEADLINE, remaining=list(DEFAULT))


def sent(effects: list[Effect]) -> tuple[LeadSlip, str | None]:
    (effect,) = effects
    assert isinstance(effect, Publish)
    assert isinstance(effect.record, LeadSlip)
    return effect.record, effect.to


def test_a_standard_order_follows_the_default_plan() -> None:
    assert slip.plan(LEAD, DEFAULT, KNOWN) == ["match", "choose", "judge"]


def test_a_priority_order_may_skip_a_step() -> None:
    rules = {"priority": ("match", "judge")}
    assert slip.plan(URGENT, DEFAULT, KNOWN, rules) == ["match", "judge"]
    assert slip.plan(LEAD, DEFAULT, KNOWN, rules) == ["match", "choose", "judge"]


def test_a_priority_order_without_a_rule_follows_the_default_plan() -> None:
    assert slip.plan(URGENT, DEFAULT, KNOWN) == list(DEFAULT)


def test_an_empty_plan_ends() -> None:
    assert slip.plan(URGENT, DEFAULT, KNOWN, {"priority": ()}) == []
    assert slip.plan(LEAD, (), KNOWN) == []
    assert slip.start(LEAD, [], 1, DEADLINE, []) == []


def test_an_unknown_step_is_refused_when_the_plan_is_made() -> None:
    with pytest.raises(Poison, match="unknown_step: nowhere"):
        slip.plan(LEAD, ("match", "nowhere", "judge"), KNOWN)


def test_a_plan_that_ends_before_the_hand_off_is_refused() -> None:
    with pytest.raises(Poison, match="plan_without_hand_off"):
        slip.plan(URGENT, DEFAULT, KNOWN, {"priority": ("match", "choose")})


def test_a_new_slip_goes_to_its_first_stop_with_the_whole_plan() -> None:
    record, to = sent(slip.start(LEAD, list(DEFAULT), 2, DEADLINE, ["a"]))
    assert to == "match"
    assert (record.remaining, record.visited, record.wave, record.already_offered) == (list(DEFAULT), [], 2, ["a"])
    assert (record.lead_id, record.lead, record.expires_at) == ("lead-1", LEAD, DEADLINE)


def test_a_step_sends_the_slip_on_with_what_it_found() -> None:
    record, to = sent(slip.advance(AT_MATCH, offered=["a"]))
    assert to == "choose" == slip.next_stop(AT_MATCH)
    assert (record.remaining, record.visited, record.offered) == (["choose", "judge"], ["match"], ["a"])
    assert AT_MATCH.visited == []
    assert AT_MATCH.offered == []


def test_the_visited_list_grows_to_the_hand_off() -> None:
    record, _ = sent(slip.advance(AT_MATCH))
    record, to = sent(slip.advance(record))
    assert (to, record.remaining, record.visited) == ("judge", ["judge"], ["match", "choose"])


def test_the_last_stop_sends_nothing_on() -> None:
    assert slip.next_stop(replace(AT_MATCH, remaining=["judge"])) is None
    assert slip.advance(replace(AT_MATCH, remaining=["judge"])) == []


def test_a_step_may_shorten_the_rest_but_never_the_hand_off() -> None:
    shortened = slip.shorten(AT_MATCH, {"match", "choose", "judge"})
    assert shortened.remaining == ["match", "judge"]
    assert sent(slip.advance(shortened))[1] == "judge"


def test_a_step_may_extend_the_rest() -> None:
    extended = slip.extend(AT_MATCH, ["ask_a_friend"], KNOWN)
    assert extended.remaining == ["match", "ask_a_friend", "choose", "judge"]


def test_an_unknown_extension_is_refused() -> None:
    with pytest.raises(Poison, match="unknown_step: nowhere"):
        slip.extend(AT_MATCH, ["nowhere"], KNOWN)


def test_a_step_that_gives_up_makes_the_hand_off_without_candidates() -> None:
    found = replace(AT_MATCH, candidates=[Candidate(provider_id="a", score=1, reasons=[])], offered=["a"])
    record, to = sent(slip.give_up(found, "boom"))
    assert (to, record.remaining, record.visited) == ("judge", ["judge"], ["match"])
    assert (record.candidates, record.offered, record.reasons) == ([], [], ["slip_failed", "boom"])
    assert (record.wave, record.expires_at) == (2, DEADLINE)


def test_a_planner_that_gives_up_makes_the_hand_off_of_its_wave() -> None:
    start = StartLead(lead_id="lead-1", lead=LEAD, expires_at=DEADLINE)
    widen = WidenLead(lead_id="lead-1", lead=LEAD, wave=2, already_offered=["a"], expires_at=DEADLINE)
    for command, wave in ((start, 1), (widen, 2)):
        record, to = sent(slip.give_up_planning(command, "boom", "judge"))
        assert (to, record.wave, record.remaining) == ("judge", wave, ["judge"])
        assert record.reasons == ["slip_failed", "boom"]


def test_a_long_reason_is_cut() -> None:
    assert len(sent(slip.give_up(AT_MATCH, "x" * 10_000))[0].reasons[1]) == slip.MAX_REASON
