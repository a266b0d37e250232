"""The ladder's verdict as one table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.failure import Bury, Gone, Ladder, Poison, RetryAt, TryLater, Unreachable, Verdict, verdict

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
DELAYS = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10))
PATIENT = Ladder(DELAYS, "bury")
QUICK = Ladder(DELAYS, "park")
NO_LANES = Ladder((), "park")
BROKEN = RuntimeError("broken")


def later(**after: float) -> TryLater:
    return TryLater(timedelta(**after))


def lane(number: int) -> RetryAt:
    return RetryAt(number, NOW + DELAYS[number - 1])


TABLE: list[tuple[str, Ladder, int, Exception, Verdict]] = [
    ("a first failure enters the first lane", PATIENT, 0, BROKEN, lane(1)),
    ("each further failure climbs one lane", PATIENT, 1, BROKEN, lane(2)),
    ("the last lane is climbed to", PATIENT, 2, BROKEN, lane(3)),
    ("a failure in the last lane is buried", PATIENT, 3, BROKEN, Bury("broken", holds=False)),
    ("or parked, as the ladder says", QUICK, 3, BROKEN, Bury("broken", holds=True)),
    ("a lane that the map no longer has is above the last", PATIENT, 4, BROKEN, Bury("broken", holds=False)),
    ("poison is not tried again", PATIENT, 0, Poison("no such order"), Bury("no such order", holds=False)),
    ("poison holds where the ladder parks", QUICK, 1, Poison("no such order"), Bury("no such order", holds=True)),
    ("without lanes the first failure is the last", NO_LANES, 0, BROKEN, Bury("broken", holds=True)),
    ("later without a time climbs like any failure", PATIENT, 0, later(), lane(1)),
    ("later goes to the first lane that waits as long", PATIENT, 0, later(seconds=6), lane(2)),
    ("a lane of exactly that delay will do", PATIENT, 0, later(minutes=1), lane(2)),
    ("later never goes below the next lane", PATIENT, 1, later(seconds=1), lane(2)),
    ("later than every lane goes to the last", PATIENT, 0, later(hours=9), lane(3)),
    ("later from the last lane ends as any failure", QUICK, 3, later(hours=9), Bury("try later", holds=True)),
    ("an unreachable partner's record climbs", PATIENT, 0, Unreachable(), lane(1)),
    ("and says how long it wants to be left alone", PATIENT, 0, Unreachable(timedelta(minutes=5)), lane(3)),
    ("gone, where no breaker took it in, climbs", PATIENT, 0, Gone(), lane(1)),
]  # fmt: skip


@pytest.mark.parametrize(("ladder", "at", "error", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_the_ladders_verdict(ladder: Ladder, at: int, error: Exception, expected: Verdict) -> None:
    assert verdict(ladder, at, error, NOW) == expected


@pytest.mark.parametrize("ladder", [PATIENT, QUICK])
def test_no_attempt_is_scheduled_beyond_the_records_deadline_and_its_key_is_not_held(ladder: Ladder) -> None:
    due = NOW + DELAYS[1]
    assert verdict(ladder, 1, BROKEN, NOW, expires_at=due) == lane(2)
    assert verdict(ladder, 1, BROKEN, NOW, expires_at=due - timedelta(milliseconds=1)) == Bury("deadline", holds=False)


def test_a_failure_without_another_attempt_keeps_its_own_reason_beyond_the_deadline() -> None:
    assert verdict(PATIENT, 3, BROKEN, NOW, expires_at=NOW) == Bury("broken", holds=False)
    assert verdict(PATIENT, 0, Poison("never"), NOW, expires_at=NOW) == Bury("never", holds=False)


@pytest.mark.parametrize("after", [5, 2.5, "soon", None])
def test_later_is_a_length_of_time_and_says_so_where_it_is_raised(after: Any) -> None:
    with pytest.raises(TypeError, match="timedelta"):
        TryLater(after)


delays = st.lists(st.timedeltas(timedelta(milliseconds=1), timedelta(days=2)), max_size=5).map(tuple)
errors = st.one_of(
    st.just(BROKEN), st.builds(Poison, st.just("never")),
    st.builds(TryLater, st.timedeltas(timedelta(0), timedelta(days=3))),
)  # fmt: skip


@given(delays, st.sampled_from(["park", "bury"]), errors)
def test_every_record_comes_to_an_end_of_its_ladder(delays: tuple[timedelta, ...], then: str, error: Exception) -> None:
    ladder, at, tries = Ladder(delays, "park" if then == "park" else "bury"), 0, 1
    while isinstance(said := verdict(ladder, at, error, NOW), RetryAt):
        assert at < said.lane <= len(delays)
        assert said.due == NOW + delays[said.lane - 1]
        at, tries = said.lane, tries + 1
    assert said == Bury(str(error), holds=then == "park")
    assert tries <= len(delays) + 1
