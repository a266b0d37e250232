"""Durations, sizes, moments, addresses: what is read is in bounds, what is not says so."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import click
from hypothesis import strategies as st

from streams.contracts import durations, sizes
from streams.contracts.addresses import is_public
from streams.contracts.from_json import Malformed, instant
from streams.verbs.options import Duration, Moment
from tests.fuzz.properties import fuzz, tells
from tests.fuzz.strategies import TEXTS

SPANS = st.one_of(TEXTS, st.from_regex(r"\A\d{1,20}(ms|s|m|h|d)\Z"), st.from_regex(r"\A\d{1,20}([kKMG]i?B|B|)\Z"))
DATES = st.one_of(SPANS, st.datetimes().map(str), st.from_regex(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d([+-]\d\d:\d\d)?\Z"))


@fuzz("parsers", 120, text=SPANS)
def test_a_duration_is_whole_and_shorter_than_a_century_or_refused(text: str) -> None:
    try:
        found = durations.parse(text)
    except ValueError as error:
        tells(error, "; write")
        return
    assert timedelta(0) <= found <= timedelta(days=36_500)
    assert durations.parse(durations.write(found)) == found


@fuzz("parsers", 120, text=SPANS)
def test_a_size_is_positive_or_refused(text: str) -> None:
    try:
        assert 0 < sizes.parse(text) < 1 << 80
    except ValueError as error:
        tells(error, "; write")


@fuzz("parsers", 100, text=DATES)
def test_a_time_on_the_command_line_is_one_or_wrong_use(text: str) -> None:
    for kind in (Moment(), Duration()):
        try:
            found = kind.convert(text, None, None)
        except click.UsageError:
            continue
        assert isinstance(found, timedelta) or found.timestamp() < datetime.max.replace(tzinfo=UTC).timestamp() + 86_400


@fuzz("parsers", 60, value=st.one_of(DATES, st.integers(), st.floats(), st.none(), st.lists(st.none())))
def test_an_instant_in_a_feed_is_one_or_malformed(value: object) -> None:
    try:
        assert instant(value, "placed_at").tzinfo is not None
    except Malformed as error:
        tells(error, "placed_at")


@fuzz("parsers", 60, text=st.one_of(TEXTS, st.ip_addresses().map(str)))
def test_an_address_is_judged_or_is_none(text: str) -> None:
    with suppress(ValueError):
        assert is_public(text) in (True, False)
