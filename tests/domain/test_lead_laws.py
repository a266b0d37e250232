"""Laws 2, 3 and 4 hold for whatever comes to a lead, whenever it comes."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.events import Event
from tests.domain.lead_laws import (
    law_2_one_end_and_no_offer_after_it,
    law_3_the_first_valid_acceptance_wins,
    law_4_each_acceptance_has_one_answer,
    timers_fit_the_stage,
)
from tests.domain.lead_story import CANCEL, DEADLINE, KEEP, MINUTE, Story, accept, decline, slip

providers = st.sampled_from(["a", "b", "c", "d"])
reasons = st.sampled_from([(), (), ("slip_failed", "boom"), ("no_candidates",)])
hand_offs = st.builds(
    lambda wave, offered, why: slip(wave, *([] if why else offered), reasons=why),
    st.integers(1, 3),
    st.lists(providers, max_size=3),
    reasons,
)
events = st.one_of(hand_offs, providers.map(accept), providers.map(accept), providers.map(decline), st.just(CANCEL))
pauses = st.sampled_from([timedelta(0), MINUTE, 15 * MINUTE, 50 * MINUTE])
steps = st.tuples(events, pauses, st.booleans())


def told(script: list[tuple[Event, timedelta, bool]]) -> Story:
    """The story of this script; timers fire late where the script does not wait for them."""
    story = Story()
    for event, pause, waits in script:
        if waits:
            story.wait(story.clock + pause)
        story.hear(event, after=timedelta(0) if waits else pause)
        timers_fit_the_stage(story)
    return story


@given(st.lists(steps, max_size=14))
def test_a_lead_has_one_end_and_no_offer_after_it(script: list[tuple[Event, timedelta, bool]]) -> None:
    law_2_one_end_and_no_offer_after_it(told(script).log)


@given(st.lists(steps, max_size=14))
def test_the_first_valid_acceptance_wins(script: list[tuple[Event, timedelta, bool]]) -> None:
    law_3_the_first_valid_acceptance_wins(told(script).log)


@given(st.lists(steps, max_size=14))
def test_each_acceptance_has_one_answer(script: list[tuple[Event, timedelta, bool]]) -> None:
    law_4_each_acceptance_has_one_answer(told(script).log)


@given(st.lists(steps, min_size=1, max_size=14))
def test_every_lead_ends_by_its_deadline_and_is_forgotten_after_keep(
    script: list[tuple[Event, timedelta, bool]],
) -> None:
    story = told(script)
    story.wait(max(story.clock, DEADLINE))
    assert story.stage not in ("awaiting", "escalated")
    story.wait(story.clock + KEEP)
    assert story.state is None
    assert not story.timers
