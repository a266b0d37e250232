"""The saga's table, rows of the hand-off: how a lead begins and widens."""

import pytest

from streams.domain.effects import SetTimer
from streams.domain.events import (
    AcceptanceRefused,
    LeadAccepted,
    LeadCancelled,
    LeadExpired,
    LeadWidened,
)
from tests.domain.lead_story import (
    CANCEL,
    DEADLINE,
    MINUTE,
    WINDOW,
    Story,
    accept,
    decline,
    ended,
    escalated,
    escalation,
    offered,
    slip,
    widen,
)


def test_a_first_hand_off_offers_the_lead_and_starts_both_timers() -> None:
    story = Story()
    assert story.hear(slip(1, "a", "b")) == [offered("a", 1), offered("b", 1)]
    assert story.stage == "awaiting"
    assert story.timers == {
        "max_age": SetTimer("max_age", DEADLINE, 1),
        "window": SetTimer("window", story.clock + WINDOW, 1),
    }


def test_a_provider_named_twice_is_offered_once() -> None:
    assert Story().hear(slip(1, "a", "a")) == [offered("a", 1)]


def test_a_first_hand_off_without_candidates_asks_for_the_next_wave_at_once() -> None:
    story = Story()
    assert story.hear(slip(1, reasons=("out_of_reach:7",))) == [widen(2)]
    assert story.state
    assert (story.stage, story.state.wave) == ("awaiting", 1)
    assert set(story.timers) == {"max_age"}


def test_a_next_wave_without_candidates_asks_for_the_one_after_it() -> None:
    story = Story()
    story.hear(slip(0, "a"))
    assert story.hear(slip(1)) == [widen(2, "a")]
    assert set(story.timers) == {"max_age"}


def test_a_last_wave_without_candidates_escalates_with_the_reasons() -> None:
    story = Story()
    story.hear(slip(1, "a"))
    assert story.hear(slip(2, reasons=("out_of_reach:7", "wrong_category:2"))) == [
        escalation("out_of_reach:7", "wrong_category:2")
    ]
    assert set(story.timers) == {"max_age"}


def test_a_lead_that_never_had_candidates_escalates_and_still_expires() -> None:
    story = Story()
    assert story.hear(slip(1)) == [widen(2)]
    assert story.hear(slip(2)) == [escalation("no_candidates")]
    assert story.wait(DEADLINE) == [LeadExpired(lead_id="lead-1", order_id="1", expired_at=DEADLINE)]


def test_a_first_slip_that_failed_escalates_and_sets_the_max_age() -> None:
    story = Story()
    assert story.hear(slip(1, reasons=("slip_failed", "boom"))) == [escalation("slip_failed", "boom")]
    assert story.timers == {"max_age": SetTimer("max_age", DEADLINE, 1)}


def test_a_next_slip_that_failed_escalates_and_keeps_the_offers() -> None:
    story = Story()
    story.hear(slip(1, "a"))
    assert story.hear(slip(2, reasons=("slip_failed", "boom"))) == [escalation("slip_failed", "boom")]
    assert isinstance(story.hear(accept("a"))[0], LeadAccepted)


def test_a_slip_that_failed_offers_to_nobody_whatever_it_carries() -> None:
    assert Story().hear(slip(1, "a", reasons=("slip_failed",))) == [escalation("slip_failed")]


def test_a_next_wave_widens_to_the_new_ones_only_and_waits_again() -> None:
    story = Story()
    story.hear(slip(1, "a"))
    story.wait(story.clock + WINDOW)
    assert story.hear(slip(2, "a", "c")) == [LeadWidened(lead_id="lead-1", order_id="1", wave=2), offered("c", 2)]
    assert story.timers["window"] == SetTimer("window", story.clock + WINDOW, 2)
    assert story.timers["max_age"].due == DEADLINE


def test_a_next_wave_of_known_providers_only_counts_as_without_candidates() -> None:
    story = Story()
    story.hear(slip(1, "a"))
    assert story.hear(slip(2, "a")) == [escalation("no_candidates")]


@pytest.mark.parametrize("wave", [1, 2])
def test_a_wave_not_above_the_leads_changes_nothing(wave: int) -> None:
    story = Story()
    story.hear(slip(2, "a"))
    before = story.state
    assert story.hear(slip(wave, "b")) == []
    assert story.hear(slip(wave, reasons=("slip_failed",))) == []
    assert story.state is before


@pytest.mark.parametrize(
    "story",
    [ended("accepted"), ended("expired"), ended("cancelled"), escalated()],
    ids=["accepted", "expired", "cancelled", "escalated"],
)
def test_a_hand_off_after_the_end_or_the_escalation_changes_nothing(story: Story) -> None:
    before = story.state
    assert story.hear(slip(2, "d")) == []
    assert story.state is before


def test_a_hand_off_after_a_cancellation_without_a_lead_changes_nothing() -> None:
    story = Story()
    assert story.hear(CANCEL) == [LeadCancelled(lead_id="lead-1", order_id="1", reason="changed my mind")]
    assert story.hear(slip(1, "a")) == []


def test_a_max_age_already_over_lets_the_offers_appear_and_expires_the_lead() -> None:
    story = Story()
    assert story.hear(slip(1, "a"), after=DEADLINE - story.clock + MINUTE) == [offered("a", 1)]
    assert [type(record).__name__ for record in story.wait(story.clock)] == ["LeadExpired", "LeadOfferWithdrawn"]


def test_strangers_of_an_id_that_becomes_a_lead_keep_their_answers() -> None:
    story = Story()
    story.hear(accept("s"))
    assert set(story.timers) == {"forget"}
    story.hear(slip(1, "a"))
    assert "forget" not in story.timers
    assert story.hear(accept("s")) == []


def test_one_refused_as_not_offered_and_offered_since_is_judged_anew() -> None:
    story = Story()
    assert story.hear(accept("c")) == [
        AcceptanceRefused(lead_id="lead-1", provider_id="c", reason="not_offered"),
    ]
    story.hear(slip(1, "a"))
    assert story.hear(accept("c")) == []
    story.hear(slip(2, "c"))
    assert story.state
    assert story.state.strangers == []
    assert isinstance(story.hear(accept("c"))[0], LeadAccepted)
    assert story.hear(accept("c")) == []


def test_all_of_the_current_wave_declined_starts_the_next_one_at_once() -> None:
    story = Story()
    story.hear(slip(1, "a", "b"))
    assert story.hear(decline("a")) == []
    assert story.hear(decline("b")) == [widen(2, "a", "b")]
    assert set(story.timers) == {"max_age"}


def test_all_of_the_last_wave_declined_escalates_though_an_earlier_one_is_silent() -> None:
    story = Story()
    story.hear(slip(1, "a"))
    story.hear(slip(2, "b"))
    assert story.hear(decline("b")) == [escalation("all_declined")]


def test_a_next_wave_is_asked_for_once_by_its_window_and_the_last_decline() -> None:
    story = Story()
    story.hear(slip(1, "a"))
    assert story.wait(story.clock + WINDOW) == [widen(2, "a")]
    assert story.hear(decline("a")) == []


def test_the_end_of_a_window_starts_the_next_wave_and_the_last_one_escalates() -> None:
    story = Story()
    story.hear(slip(1, "a"))
    assert story.wait(story.clock + WINDOW) == [widen(2, "a")]
    story.hear(slip(2, "b"))
    assert story.wait(story.clock + WINDOW) == [escalation("window_over")]
    assert set(story.timers) == {"max_age"}
