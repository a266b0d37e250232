"""The token bucket: no second has more than its rate and a short burst, and none that is wanted has less."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.rate import Bucket

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def taken(bucket: Bucket, at: datetime, wanted: int = 1_000) -> int:
    bucket.refill(at, bucket.per_second)
    count = 0
    while bucket.has_token and count < wanted:
        bucket.take()
        count += 1
    return count


@given(st.floats(0.01, 500), st.lists(st.integers(1, 3_000), min_size=1, max_size=60))
def test_no_stretch_of_time_has_more_than_its_rate_and_one_burst(rate: float, pauses_ms: list[int]) -> None:
    bucket, at, total = Bucket(rate), START, 0
    for pause_ms in pauses_ms:
        total += taken(bucket, at)
        at += timedelta(milliseconds=pause_ms)
    seconds = (at - START) / timedelta(seconds=1)
    assert total <= rate * seconds + max(1.0, rate / 10) + 1e-6


def test_whoever_comes_when_he_is_told_gets_the_whole_rate() -> None:
    bucket, at, total = Bucket(7.0), START, 0
    while at < START + timedelta(seconds=10):
        total += taken(bucket, at)
        at = max(bucket.next_at(), at + timedelta(milliseconds=1))
    assert 70 <= total <= 72


def test_a_clock_that_steps_back_gives_nothing() -> None:
    bucket = Bucket(10.0)
    assert taken(bucket, START) == 1
    assert taken(bucket, START - timedelta(hours=1)) == 0
    assert taken(bucket, START) == 0


def test_a_new_rate_counts_from_now_on() -> None:
    bucket = Bucket(1.0)
    assert taken(bucket, START) == 1
    bucket.refill(START, 100.0)
    assert taken(bucket, START + timedelta(milliseconds=50)) == 5
