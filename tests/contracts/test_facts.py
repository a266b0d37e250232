"""The facts of a failure travel with the record, never in place of its own headers."""

import struct
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.envelope import Facts, dead_letter, due_at_ms, facts_of, fingerprint, original, with_facts
from streams.contracts.names import Names

FACTS = Facts(
    stage="handle",
    topic="order.placed.v1",
    partition=3,
    offset=2**40,
    timestamp_ms=1_795_356_185_120,
    group="fraud",
    attempts=4,
    first_failed_at_ms=1_795_356_185_500,
    last_failed_at_ms=1_795_356_199_000,
    error_type="ValueError",
    error_message="no such city: são paulo",
    stack="Traceback …",
    fingerprint="0123456789ab",
)
OWN = st.lists(
    st.tuples(
        st.one_of(st.text(max_size=12), st.sampled_from(["xd_stage", "xd_topic", "ce_id", "kafka_dlt-original-topic"])),
        st.one_of(st.none(), st.binary(max_size=20)),
    ),
    max_size=6,
)
SHORT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ANY_FACTS = st.builds(
    Facts,
    **{f.name: st.integers(0, 2**62) if f.type is int else SHORT for f in fields(Facts)}
    | {"partition": st.integers(0, 2**31 - 1), "attempts": st.integers(0, 2**31 - 1)}
    | dict.fromkeys(("timestamp_ms", "first_failed_at_ms", "last_failed_at_ms"), st.integers(0, 253_402_300_799_999)),
)


@given(OWN, ANY_FACTS)
def test_a_records_own_headers_stay_first_and_come_back_untouched(
    own: list[tuple[str, bytes | None]], facts: Facts
) -> None:
    for headers in (
        with_facts(own, facts, 12),
        dead_letter(own, facts),
        [*dead_letter(own, facts), ("xd_command", b"replay")],
    ):
        assert headers[: len(own)] == own
        assert original(headers) == own
        assert facts_of(headers) == facts


@given(OWN)
def test_headers_without_our_facts_are_all_the_records_own(own: list[tuple[str, bytes | None]]) -> None:
    assert original(own) == own
    assert facts_of(own) is None
    assert due_at_ms(own) is None


def test_a_dead_letter_copied_to_a_source_topic_keeps_the_first_facts_as_its_own() -> None:
    copied = dead_letter([("ce_id", b"a")], FACTS)
    again = dead_letter(copied, replace(FACTS, attempts=9))
    assert original(again) == copied
    assert facts_of(again) == replace(FACTS, attempts=9)


def test_a_retry_record_says_when_it_is_due() -> None:
    assert due_at_ms(with_facts(None, FACTS, 1_795_356_199_000)) == 1_795_356_199_000
    assert due_at_ms(with_facts(None, FACTS)) is None


@given(st.lists(st.one_of(st.none(), st.binary(max_size=9)), min_size=13, max_size=13))
def test_facts_that_make_no_sense_are_none_and_never_raise(values: list[bytes | None]) -> None:
    names = [name for name, _ in with_facts(None, FACTS)]
    facts_of(list(zip(names, values, strict=True)))


def test_spring_finds_its_own_headers() -> None:
    headers = dict(dead_letter(None, FACTS, Names("test-")))
    assert headers["kafka_dlt-original-topic"] == b"test-order.placed.v1"
    assert struct.unpack(">i", headers["kafka_dlt-original-partition"] or b"") == (3,)
    assert struct.unpack(">q", headers["kafka_dlt-original-offset"] or b"") == (2**40,)
    assert struct.unpack(">q", headers["kafka_dlt-original-timestamp"] or b"") == (FACTS.timestamp_ms,)
    assert headers["kafka_dlt-original-timestamp-type"] == b"LogAppendTime"
    assert headers["kafka_dlt-original-consumer-group"] == b"test-fraud"
    assert headers["kafka_dlt-exception-fqcn"] == b"ValueError"
    assert headers["kafka_dlt-exception-message"] == "no such city: são paulo".encode()
    assert headers["kafka_dlt-exception-stacktrace"] == "Traceback …".encode()


@given(st.text(min_size=1, max_size=3))
def test_no_error_however_long_makes_a_record_too_large(piece: str) -> None:
    endless = piece * 40_000
    facts = replace(FACTS, error_type=endless, error_message=endless, stack=endless, group=endless, topic=endless)
    headers = dict(dead_letter(None, facts))
    assert sum(len(name) + len(value or b"") + 10 for name, value in headers.items()) < 32 * 1024
    assert len(headers["xd_stack"] or b"") <= 8192
    assert len(headers["xd_error_message"] or b"") <= 1024
    assert all((headers[name] or b"").decode() for name in ("xd_stack", "xd_error_message", "xd_error_type"))


def test_of_a_long_stack_the_end_is_kept_and_of_a_long_message_the_beginning() -> None:
    facts = replace(FACTS, stack="a" * 9000 + "end", error_message="begin" + "b" * 9000)
    headers = dict(with_facts(None, facts))
    assert (headers["xd_stack"] or b"").endswith(b"end")
    assert (headers["xd_error_message"] or b"").startswith(b"begin")


def test_failures_that_differ_in_ids_and_numbers_only_have_one_fingerprint() -> None:
    where = ("fraud", "handle", "KeyError")
    stack = 'File "/app/streams/subscribers/fraud.py", line {}, in screen\n  …\nFile "/lib/json.py", line 3, in loads'
    one = fingerprint(where, "no provider p-17 for lead-8f3a2", stack.format(10))
    assert one == fingerprint(where, "no provider p-99 for lead-11112", stack.format(12))
    assert one != fingerprint(where, "no city", stack.format(10))
    assert one != fingerprint(where, "no provider p-17 for lead-8f3a2", stack.format(10).replace("screen", "weigh"))
    assert one != fingerprint(("fraud", "decode", "KeyError"), "no provider p-17 for lead-8f3a2", stack.format(10))
