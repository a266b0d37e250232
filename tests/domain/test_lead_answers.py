"""The saga's table, rows of the providers: what an acceptance or a decline is answered."""

import pytest

from streams.domain.events import LeadAccepted
from streams.domain.failure import Poison
from tests.domain.lead_story import (
    DEADLINE,
    KEEP,
    MINUTE,
    Story,
    accept,
    awaiting,
    decline,
    ended,
    escalated,
    refused,
    withdrawn,
)


@pytest.mark.parametrize("story", [awaiting(), escalated()], ids=["awaiting", "escalated"])
def test_the_first_acceptance_of_an_offer_wins_and_the_others_are_withdrawn(story: Story) -> None:
    won = LeadAccepted(lead_id="lead-1", order_id="1", provider_id="b", wave=1, accepted_at=story.clock + MINUTE)
    assert story.hear(accept("b")) == [won, *withdrawn("already_taken", "a", "c")]
    assert story.state
    assert (story.stage, story.state.winner) == ("accepted", "b")
    assert set(story.timers) == {"forget"}


def test_an_acceptance_at_the_deadline_wins() -> None:
    story = awaiting()
    assert isinstance(story.hear(accept("a"), after=DEADLINE - story.clock)[0], LeadAccepted)


@pytest.mark.parametrize("story", [awaiting(), escalated()], ids=["awaiting", "escalated"])
def test_a_late_acceptance_is_refused(story: Story) -> None:
    assert story.hear(accept("a"), after=DEADLINE - story.clock + MINUTE / 60) == [refused("a", "expired")]
    assert story.hear(accept("a")) == []
    assert story.state
    assert story.state.winner is None


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
        assert story.hear(accept(provider)) == []
        assert story.state is before


@pytest.mark.parametrize("story", [Story(), awaiting(), ended("accepted")], ids=["no lead", "awaiting", "accepted"])
def test_the_hundred_and_first_stranger_is_poison(story: Story) -> None:
    for number in range(100):
        assert len(story.hear(accept(f"s{number}"))) == 1
    with pytest.raises(Poison, match=r"^too_many_strangers$"):
        story.hear(accept("s100"))
    assert story.hear(accept("s7")) == []


def test_an_id_that_never_becomes_a_lead_is_forgotten_after_keep() -> None:
    story = Story()
    story.hear(accept("s"))
    first = story.clock
    story.hear(accept("t"))
    assert story.timers["forget"].due == first + KEEP
    assert story.wait(first + KEEP) == []
    assert story.state is None
    assert not story.timers


def test_accepting_after_declining_is_valid() -> None:
    story = awaiting()
    story.hear(decline("a"))
    assert isinstance(story.hear(accept("a"))[0], LeadAccepted)


def test_a_decline_is_noted_once_and_only_of_those_offered() -> None:
    story = awaiting()
    assert story.hear(decline("a")) == []
    before = story.state
    assert story.hear(decline("a")) == []
    assert story.hear(decline("s")) == []
    assert story.state is before
    assert before
    assert before.history[-1].what == "declined by a"
    assert before.history[-1].why == "busy"


@pytest.mark.parametrize(
    "story",
    [Story(), escalated(), ended("accepted"), ended("expired"), ended("cancelled")],
    ids=["no lead", "escalated", "accepted", "expired", "cancelled"],
)
def test_a_decline_in_any_other_stage_changes_nothing(story: Story) -> None:
    before = story.state
    assert story.hear(decline("b")) == []
    assert story.state is before
