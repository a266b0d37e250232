"""The saga's table, rows of acceptances, declines, cancellation and timers: how a lead ends."""

import pytest

from streams.domain.events import (
    AcceptanceRefused,
    Event,
    LeadAccepted,
    LeadCancelled,
    LeadExpired,
    LeadOfferWithdrawn,
    OrderPlaced,
    TimerDue,
)
from streams.domain.failure import Poison
from streams.domain.lead import decide
from streams.domain.lead_state import MAX_HISTORY
from tests.domain.lead_story import CANCEL, DEADLINE, KEEP, MINUTE, POLICY, Story, accept, decline, slip


def awaiting(*offered: str) -> Story:
    story = Story()
    story.hear(slip(1, *(offered or ("a", "b", "c"))))
    return story


def escalated() -> Story:
    story = awaiting()
    story.hear(slip(2, reasons=("slip_failed",)))
    return story


def ended(how: str) -> Story:
    story = awaiting()
    if how == "expired":
        story.wait(DEADLINE)
    else:
        story.hear(accept("a") if how == "accepted" else CANCEL)
    return story


def refused(provider: str, reason: str) -> AcceptanceRefused:
    return AcceptanceRefused(lead_id="lead-1", provider_id=provider, reason=reason)


def withdrawn(reason: str, *providers: str) -> list[Event]:
    return [
        LeadOfferWithdrawn(lead_id="lead-1", order_id="1", provider_id=provider, reason=reason)
        for provider in providers
    ]


@pytest.mark.parametrize("story", [awaiting(), escalated()], ids=["awaiting", "escalated"])
def test_the_first_acceptance_of_an_offer_wins_and_the_others_are_withdrawn(story: Story) -> None:
    won = LeadAccepted(lead_id="lead-1", order_id="1", provider_id="b", wave=1, accepted_at=story.clock + MINUTE)
    assert story.hear(accept("b")) == [won, *withdrawn("already_taken", "a", "c")]
    assert story.state and (story.state.stage, story.state.winner) == ("accepted", "b")
    assert set(story.timers) == {"forget"}


def test_an_acceptance_at_the_deadline_wins() -> None:
    story = awaiting()
    assert isinstance(story.hear(accept("a"), after=DEADLINE - story.clock)[0], LeadAccepted)


@pytest.mark.parametrize("story", [awaiting(), escalated()], ids=["awaiting", "escalated"])
def test_a_late_acceptance_is_refused(story: Story) -> None:
    assert story.hear(accept("a"), after=DEADLINE - story.clock + MINUTE / 60) == [refused("a", "expired")]
    assert story.hear(accept("a")) == []
    assert story.state and story.state.winner is None


@pytest.mark.parametrize("story", [Story(), awaiting(), escalated()], ids=["no lead", "awaiting", "escalated"])
def test_a_stranger_is_refused_as_not_offered(story: Story) -> None:
    assert story.hear(accept("s")) == [refused("s", "not_offered")]


@pytest.mark.parametrize(
    ("how", "reason"), [("accepted", "already_taken"), ("expired", "expired"), ("cancelled", "cancelled")]
)
def test_after_the_end_everybody_is_told_why(how: str, reason: str) -> None:
    story = ended(how)
    assert story.hear(accept("b")) == [refused("b", reason)]
    assert story.hear(accept("s")) == [refused("s", reason)]


@pytest.mark.parametrize("how", ["accepted", "expired", "cancelled"])
def test_the_same_providers_acceptance_again_has_its_answer(how: str) -> None:
    story = ended(how)
    for provider in ("a", "b", "s"):
        story.hear(accept(provider))
        before = story.state
        assert story.hear(accept(provider)) == [] and story.state is before


@pytest.mark.parametrize("story", [Story(), awaiting(), ended("accepted")], ids=["no lead", "awaiting", "accepted"])
def test_the_hundred_and_first_stranger_is_poison(story: Story) -> None:
    for number in range(100):
        assert len(story.hear(accept(f"s{number}"))) == 1
    with pytest.raises(Poison, match="^too_many_strangers$"):
        story.hear(accept("s100"))
    assert story.hear(accept("s7")) == []


def test_an_id_that_never_becomes_a_lead_is_forgotten_after_keep() -> None:
    story = Story()
    story.hear(accept("s"))
    first = story.clock
    story.hear(accept("t"))
    assert story.timers["forget"].due == first + KEEP
    assert story.wait(first + KEEP) == [] and story.state is None and not story.timers


def test_accepting_after_declining_is_valid() -> None:
    story = awaiting()
    story.hear(decline("a"))
    assert isinstance(story.hear(accept("a"))[0], LeadAccepted)


def test_a_decline_is_noted_once_and_only_of_those_offered() -> None:
    story = awaiting()
    assert story.hear(decline("a")) == []
    before = story.state
    assert story.hear(decline("a")) == [] and story.hear(decline("s")) == []
    assert story.state is before
    assert before and before.history[-1].what == "declined by a" and before.history[-1].why == "busy"


@pytest.mark.parametrize(
    "story",
    [Story(), escalated(), ended("accepted"), ended("expired"), ended("cancelled")],
    ids=["no lead", "escalated", "accepted", "expired", "cancelled"],
)
def test_a_decline_in_any_other_stage_changes_nothing(story: Story) -> None:
    before = story.state
    assert story.hear(decline("b")) == [] and story.state is before


@pytest.mark.parametrize("story", [awaiting(), escalated()], ids=["awaiting", "escalated"])
def test_the_max_age_expires_the_lead_and_withdraws_its_offers(story: Story) -> None:
    story.timers.pop("window", None)
    assert story.wait(DEADLINE) == [
        LeadExpired(lead_id="lead-1", order_id="1", expired_at=DEADLINE),
        *withdrawn("expired", "a", "b", "c"),
    ]
    assert story.state and story.state.stage == "expired" and set(story.timers) == {"forget"}


@pytest.mark.parametrize("story", [awaiting(), escalated()], ids=["awaiting", "escalated"])
def test_a_cancellation_ends_an_open_lead_and_withdraws_its_offers(story: Story) -> None:
    assert story.hear(CANCEL) == [
        LeadCancelled(lead_id="lead-1", order_id="1", reason="changed my mind"),
        *withdrawn("cancelled", "a", "b", "c"),
    ]
    assert story.state and story.state.stage == "cancelled" and set(story.timers) == {"forget"}


def test_a_cancellation_before_the_lead_keeps_the_strangers_answers() -> None:
    story = Story()
    story.hear(accept("s"))
    assert story.hear(CANCEL) == [LeadCancelled(lead_id="lead-1", order_id="1", reason="changed my mind")]
    assert story.hear(accept("s")) == []
    assert story.hear(accept("t")) == [refused("t", "cancelled")]


@pytest.mark.parametrize("how", ["accepted", "expired", "cancelled"])
def test_a_cancellation_after_the_end_is_noted_in_the_history(how: str) -> None:
    story = ended(how)
    assert story.hear(CANCEL) == []
    assert story.state and story.state.stage == how
    assert story.state.history[-1].what == f"cancellation after {how}"


@pytest.mark.parametrize("how", ["accepted", "expired", "cancelled"])
def test_an_ended_lead_is_forgotten_after_keep(how: str) -> None:
    story = ended(how)
    assert story.timers["forget"].due == story.log[-1][0] + KEEP
    assert story.wait(story.clock + KEEP) == [] and story.state is None


@pytest.mark.parametrize("name", ["window", "max_age", "forget", "of another version"])
def test_a_timer_of_no_lead_or_of_an_ended_one_changes_nothing(name: str) -> None:
    timer = TimerDue(key="lead-1", name=name, wave=1)
    assert decide(None, timer, DEADLINE, POLICY) == (None, [])
    if name != "forget":
        state = ended("accepted").state
        assert decide(state, timer, DEADLINE, POLICY) == (state, [])


def test_a_window_of_an_earlier_wave_changes_nothing() -> None:
    story = awaiting()
    story.hear(slip(2, "d"))
    timer = TimerDue(key="lead-1", name="window", wave=1)
    assert decide(story.state, timer, story.clock, POLICY) == (story.state, [])


def test_the_history_stays_short() -> None:
    story = ended("accepted")
    for _ in range(2 * MAX_HISTORY):
        story.hear(CANCEL)
    assert story.state and len(story.state.history) == MAX_HISTORY


def test_an_event_of_another_context_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="OrderPlaced"):
        decide(None, OrderPlaced.__new__(OrderPlaced), DEADLINE, POLICY)
