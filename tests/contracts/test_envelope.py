"""Headers: who caused a record, the same id for every repeat, and nothing a sender writes can break us."""

import re
from datetime import UTC, datetime, timedelta, timezone
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.envelope import NAMESPACE, Cause, cause_of, effect_id, instant, outgoing, timer_cause
from streams.domain.events import TimerDue

APPENDED = datetime(2026, 11, 22, 14, 3, 5, 120_999, UTC)
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NAMES = st.sampled_from(["ce_id", "ce_correlationid", "traceparent", "ce_type", "xd_stage", "own"])
HEADERS = st.lists(st.tuples(NAMES, st.one_of(st.none(), st.binary(max_size=60))), max_size=8)


@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 10_000))
def test_an_effects_id_is_the_uuid5_of_group_cause_and_index(group: str, cause: str, index: int) -> None:
    expected = uuid5(uuid5(NAMESPACE_DNS, "crossdock"), f"{group}/{cause}/{index}")
    assert effect_id(group, cause, index) == str(expected)
    assert UUID(effect_id(group, cause, index)).version == 5


def test_the_namespace_never_changes() -> None:
    assert str(NAMESPACE) == "f3277a52-ff43-5b10-a89c-d9becb4b95b0"
    assert effect_id("leads", "order.placed.v1-0-7", 2) == "cf8f4831-9b62-537d-9ed6-c7345147e50c"


@given(HEADERS)
def test_no_header_can_break_us(headers: list[tuple[str, bytes | None]]) -> None:
    cause = cause_of(headers, "order.placed.v1", 3, 14, APPENDED)
    assert cause.id
    assert cause.correlation
    written = dict(outgoing(cause, "leads", 0, "lead.offered.v1"))
    assert all(value.decode() for value in written.values())
    assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", written["traceparent"])


def test_a_record_without_headers_has_its_place_as_its_id() -> None:
    for headers in (None, [], [("ce_id", None)], [("ce_id", b"")], [("ce_id", b"\xff")], [("ce_id", b"x" * 513)]):
        cause = cause_of(headers, "order.placed.v1", 3, 14, APPENDED)
        assert cause == Cause("order.placed.v1-3-14", "order.placed.v1-3-14", None, APPENDED)


def test_an_effect_says_what_it_is_and_what_caused_it() -> None:
    headers = [("ce_id", b"a"), ("ce_correlationid", b"c"), ("traceparent", PARENT.encode())]
    cause = cause_of(headers, "order.placed.v1", 3, 14, APPENDED)
    number = effect_id("matching", "a", 1)
    assert outgoing(cause, "matching", 1, "lead.start") == [
        ("ce_id", number.encode()),
        ("ce_type", b"lead.start"),
        ("ce_source", b"matching"),
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/avro"),
        ("ce_time", b"2026-11-22T14:03:05.120Z"),
        ("ce_correlationid", b"c"),
        ("ce_causationid", b"a"),
        ("traceparent", f"00-4bf92f3577b34da6a3ce929d0e0e4736-{UUID(number).bytes[8:].hex()}-01".encode()),
    ]


def test_the_last_of_equal_headers_counts_as_with_javas_last_header() -> None:
    assert cause_of([("ce_id", b"a"), ("ce_id", b"b")], "t", 0, 0, APPENDED).id == "b"


@pytest.mark.parametrize(
    "parent", ["00-" + "0" * 32 + PARENT[35:], PARENT[:36] + "0" * 16 + "-01", "ff" + PARENT[2:], "x"]
)
def test_a_trace_that_is_none_is_begun_anew_and_the_same_for_all_effects(parent: str) -> None:
    cause = cause_of([("ce_id", b"a"), ("traceparent", parent.encode())], "t", 0, 0, APPENDED)
    first, second = (dict(outgoing(cause, "g", n, "t"))["traceparent"].split(b"-") for n in (0, 1))
    assert first[1] == second[1]
    assert first[1] not in parent.encode()
    assert first[2] != second[2]


def test_a_timers_cause_is_its_key_its_name_and_its_wave() -> None:
    due = TimerDue(key="lead-1", name="window", wave=2)
    assert timer_cause(due, APPENDED) == Cause("lead-1/window/2", "lead-1", None, APPENDED)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), st.integers(-14, 14))
def test_instants_are_written_in_utc_with_milliseconds(local: datetime, hours: int) -> None:
    time = local.replace(tzinfo=timezone(timedelta(hours=hours)))
    written = instant(time)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", written)
    assert timedelta(0) <= time - datetime.fromisoformat(written) < timedelta(milliseconds=1)
