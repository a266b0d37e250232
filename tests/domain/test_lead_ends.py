"""The saga's table, rows of cancellation and timers: how a lead ends, and what comes after."""

import pytest

from streams.domain.events import LeadCancelled, LeadExpired, OrderPlaced, TimerDue
from streams.domain.lead import decide
from streams.domain.lead_state import MAX_HISTORY
from tests.domain.lead_story import (
    CANCEL,
    DEADLINE,
    KEEP,
    POLICY,
    Story,
    accept,
    awaiting,
    ended,
    escalated,
    refused,
    slip,
    withdrawn,
)


@pytest.mark.parametrize("story", [awaiting(), escalated()], ids=["awaiting", "escalated"])
def test_the_max_age_expires_the_lead_and_withdraws_its_offers(story: Story) -> None:
    story.timers.pop("window", None)
    assert story.wait(DEADLINE) == [
        LeadExpired(lead_id="lead-1", order_id="1", expired_at=DEADLINE),
        *withdrawn("expired", "a", "b", "c"),
    ]
    assert story.stage == "expired"
    assert set(story.timers) == {"forget"}


@pytest.mark.parametrize("story", [awaiting(), escalated()], ids=["awaiting", "escalated"])
def test_a_cancellation_ends_an_open_lead_and_withdraws_its_offers(story: Story) -> None:
    assert story.hear(CANCEL) == [
        LeadCancelled(lead_id="lead-1", order_id="1", reason="changed my mind"),
        *withdrawn("cancelled", "a", "b", "c"),
    ]
    assert story.stage == "cancelled"
    assert set(story.timers) == {"forget"}


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
    assert story.stage == how
    assert story.state
    assert story.state.history[-1].what == f"cancellation after {how}"


@pytest.mark.parametrize("how", ["accepted", "expired", "cancelled"])
def test_an_ended_lead_is_forgotten_after_keep(how: str) -> None:
    story = ended(how)
    assert story.timers["forget"].due == story.log[-1][0] + KEEP
    assert story.wait(story.clock + KEEP) == []
    assert story.state is None


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


def test_a_window_of_an_escalated_lead_changes_nothing() -> None:
    story = Story()
    story.hear(slip(1, reasons=("slip_failed",)))
    timer = TimerDue(key="lead-1", name="window", wave=1)
    assert decide(story.state, timer, story.clock, POLICY) == (story.state, [])


def test_the_history_stays_short() -> None:
    story = ended("accepted")
    for _ in range(2 * MAX_HISTORY):
        story.hear(CANCEL)
    assert story.state
    assert len(story.state.history) == MAX_HISTORY


def test_an_event_of_another_context_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="OrderPlaced"):
        decide(None, OrderPlaced.__new__(OrderPlaced), DEADLINE, POLICY)
