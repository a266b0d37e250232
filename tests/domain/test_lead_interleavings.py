"""Every order, up to seven long, in which a lead's records and timers can come."""

from collections.abc import Callable

import pytest

from streams.domain.events import Event
from streams.domain.lead import decide
from tests.domain.lead_laws import check_laws, timers_fit_the_stage
from tests.domain.lead_story import CANCEL, DEADLINE, WINDOW, Story, accept, decline, slip

Move = Callable[[Story], object]


def window(story: Story) -> None:
    timer = story.timers.get("window")
    story.wait(max(story.clock, timer.due) if timer else story.clock + WINDOW)


def max_age(story: Story) -> None:
    story.wait(max(story.clock, DEADLINE))


def heard(event: Event) -> Move:
    return lambda story: story.hear(event)


def cast(first: list[str], second: list[str], racer: str, other: str) -> dict[str, Move]:
    return {
        "hand-off": heard(slip(1, *first)),
        "next wave": heard(slip(2, *second)),
        "accept": heard(accept(racer)),
        "other accept": heard(accept(other)),
        "decline": heard(decline(first[0])),
        "window": window,
        "max age": max_age,
        "cancel": heard(CANCEL),
        "duplicate": heard(accept(racer)),
    }


RACE = cast(["a", "b"], ["c"], "a", "b")
VARIATIONS = {
    "the waves race": cast(["a"], ["b"], "b", "a"),
    "nobody in the first wave": cast(["a"], ["a", "b"], "a", "b") | {"hand-off": heard(slip(1))},
    "the first slip fails": cast(["a"], ["b"], "a", "b") | {"hand-off": heard(slip(1, reasons=("slip_failed",)))},
}


def test_the_laws_hold_in_every_order_of_up_to_seven_events() -> None:
    assert explore(Story(), RACE, 7) == 260_650


@pytest.mark.parametrize("moves", VARIATIONS.values(), ids=VARIATIONS)
def test_the_laws_hold_in_every_order_of_up_to_six_events(moves: dict[str, Move]) -> None:
    assert explore(Story(), moves, 6) == 79_210


def explore(story: Story, ahead: dict[str, Move], depth: int) -> int:
    """Check this story and every way on from it; the number of stories seen."""
    timers_fit_the_stage(story)
    _repeat_changes_nothing(story)
    if depth == 0:
        check_laws(story)
        return 1
    seen = 1
    for name, move in ahead.items():
        fork = story.fork()
        move(fork)
        seen += explore(fork, {other: way for other, way in ahead.items() if other != name}, depth - 1)
    return seen


def _repeat_changes_nothing(story: Story) -> None:
    if story.log:
        now, event, _ = story.log[-1]
        assert decide(story.state, event, now, story.policy)[1] == []
