"""A partner's breaker: a table of what opens and closes it, and its laws under any sequence of calls."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.breaker import Breaker, State

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
EVERY = timedelta(seconds=5)
OPENS_AFTER = 3

# Each letter is an outage on the key of that name, `+` a success, `p` a pause by hand, `r` a resume.
TABLE: list[tuple[str, str, State]] = [
    ("a partner is up at first", "", "up"),
    ("two keys do not make an outage", "ab", "up"),
    ("three different keys do", "abc", "down"),
    ("one key that fails again and again does not", "aaaaaa", "up"),
    ("keys count once, whatever comes between", "abababac", "down"),
    ("a success between begins the count anew", "ab+c", "up"),
    ("also for keys that had failed before", "ab+ab", "up"),
    ("until three have failed since", "ab+abc", "down"),
    ("one success resumes", "abc+", "up"),
    ("and forgets the outage", "abc+ab", "up"),
    ("more failures keep it down", "abcdef", "down"),
    ("a pause holds whatever succeeds", "p+", "paused"),
    ("and whatever fails", "pabc", "paused"),
    ("a partner that is down may be paused too", "abcp", "paused"),
    ("only resume ends a pause", "p+abc+r", "up"),
    ("after which the count begins anew", "pabrc", "up"),
    ("resume tries a partner that is down at once", "abcr", "up"),
    ("resume forgets who failed before", "abrc", "up"),
]


def told(story: str) -> Breaker:
    breaker = Breaker(OPENS_AFTER, EVERY)
    for sign in story:
        match sign:
            case "+":
                breaker.succeeded()
            case "p":
                breaker.pause("by hand")
            case "r":
                breaker.resume()
            case key:
                breaker.unreachable(key.encode(), NOW, "refused")
    return breaker


@pytest.mark.parametrize(("story", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_opens_and_closes_a_breaker(story: str, expected: State) -> None:
    assert told(story).state == expected


def test_it_says_why_for_as_long_as_it_is_not_up() -> None:
    assert told("abc").reason == "refused"
    assert told("p").reason == "by hand"
    assert told("abc+").reason == ""
    assert told("pr").reason == ""


def test_the_calls_that_change_the_state_say_so() -> None:
    breaker = told("ab")
    assert not breaker.succeeded()
    told_so = [breaker.unreachable(key, NOW, "refused") for key in (b"a", b"b", b"c", b"d")]
    assert told_so == [False, False, True, False]
    assert breaker.succeeded()


def test_while_up_everything_goes_and_while_paused_nothing() -> None:
    assert all(told("ab").lets_through(NOW) for _ in range(3))
    assert not told("p").lets_through(NOW + timedelta(days=1))


def test_while_down_one_probe_goes_each_interval() -> None:
    breaker = told("abc")
    through = [step for step in range(21) if breaker.lets_through(NOW + timedelta(seconds=step))]
    assert through == [5, 10, 15, 20]


def test_a_breaker_that_is_found_down_after_a_restart_probes_at_once() -> None:
    breaker = Breaker(OPENS_AFTER, EVERY, state="down", reason="refused")
    assert [breaker.lets_through(NOW), breaker.lets_through(NOW)] == [True, False]


stories = st.text("abcdef+pr", max_size=40)


@given(stories)
def test_only_three_keys_without_a_success_between_open_it_and_only_a_success_or_a_resume_closes_it(story: str) -> None:
    expected: State = "up"
    since: set[str] = set()
    for sign in story:
        if sign in "+r":
            since.clear()
        match expected, sign:
            case _, "p":
                expected = "paused"
            case ("down", "+") | (_, "r"):
                expected = "up"
            case "up", key if key not in "+r":
                since.add(key)
                expected = "down" if len(since) >= OPENS_AFTER else "up"
    breaker = told(story)
    assert breaker.state == expected
    assert (breaker.state == "up") == breaker.lets_through(NOW)


@given(stories, st.lists(st.timedeltas(timedelta(0), timedelta(seconds=7)), max_size=20))
def test_probes_are_at_least_an_interval_apart_and_one_goes_once_it_is_over(story: str, steps: list[timedelta]) -> None:
    breaker, now, last = told(story), NOW, NOW
    for step in steps:
        now += step
        is_through = breaker.lets_through(now)
        assert is_through == {"up": True, "paused": False, "down": now - last >= EVERY}[breaker.state]
        last = now if is_through else last


def test_no_probe_comes_sooner_than_the_partner_asked_for() -> None:
    breaker = Breaker(OPENS_AFTER, EVERY)
    for key, seconds in ((b"a", 60), (b"b", 0), (b"c", 20)):
        breaker.unreachable(key, NOW, "HTTP 429", timedelta(seconds=seconds))
    assert not breaker.lets_through(NOW + timedelta(seconds=59))
    assert breaker.lets_through(NOW + timedelta(seconds=60))
    breaker.unreachable(b"a", NOW + timedelta(seconds=60), "HTTP 503", timedelta(seconds=30))
    assert not breaker.lets_through(NOW + timedelta(seconds=89))
    assert breaker.lets_through(NOW + timedelta(seconds=90))


@pytest.mark.parametrize("ends", ["+", "r"])
def test_what_the_partner_asked_for_is_over_with_its_outage(ends: str) -> None:
    breaker = told("abc")
    breaker.unreachable(b"a", NOW, "HTTP 503", timedelta(hours=1))
    breaker.succeeded() if ends == "+" else breaker.resume()
    for key in (b"a", b"b", b"c"):
        breaker.unreachable(key, NOW, "HTTP 503")
    assert breaker.lets_through(NOW + EVERY)
