"""Bytes: what fastavro writes and reads, and a clear word about everything else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts import records
from streams.contracts.codec import Undecodable, Unencodable
from streams.contracts.registry import RegistryUnavailable, UnknownSchema, Unpublished
from streams.domain.commands import CancelLead, LeadSlip
from streams.domain.events import Customer, Item, LeadAccepted, LeadCancelled, OrderPlaced
from tests.contracts.samples import APPENDED, RECORDS, SCHEMAS, any_record, codec

CODEC, REGISTRY = codec()
ORDER = OrderPlaced(
    time=APPENDED,
    order_id="o1",
    customer=Customer(customer_id="c1", city="são paulo", state="SP", zip_prefix="01310"),
    items=[Item(product_id="p1", category="toys", price_cents=2999, freight_cents=872)],
    total_cents=3871,
    placed_at=APPENDED,
)
ACCEPTED = LeadAccepted(lead_id="lead-o1", order_id="o1", provider_id="p", wave=1, accepted_at=APPENDED)


def by_fastavro(record: Any) -> bytes:
    """What the reference writes behind the five bytes of the head."""
    name, body = type(record).__name__, BytesIO()
    schemaless_writer(body, parse_schema(SCHEMAS[name]), records.row(record))
    return body.getvalue()


def reference(name: str, value: bytes) -> Any:
    """What the reference reads, or None where it reads nothing or leaves bytes."""
    body = BytesIO(value[5:])
    try:
        row: Any = schemaless_reader(body, parse_schema(SCHEMAS[name]), None)
        cls = next(cls for cls in RECORDS if cls.__name__ == name)
        return records.made(cls, row) if body.tell() == len(value) - 5 else None
    except Exception:  # the reference may raise anything
        return None


def decoded(name: str, value: bytes) -> Any:
    """None where the bytes are undecodable; nothing else may come out of decode."""
    try:
        return CODEC.decode(name, value, APPENDED)
    except Undecodable:
        return None


@given(any_record())
def test_records_are_written_byte_for_byte_as_fastavro_writes_them(record: Any) -> None:
    name = type(record).__name__
    number, _ = REGISTRY.latest(f"{name}-value")
    assert CODEC.encode(name, record) == b"\0" + number.to_bytes(4, "big") + by_fastavro(record)


@given(any_record())
def test_records_come_back_as_they_went(record: Any) -> None:
    name = type(record).__name__
    found: Any = CODEC.decode(name, CODEC.encode(name, record), APPENDED)
    assert found == record
    assert getattr(found, "time", APPENDED) == APPENDED


@given(any_record(), st.data())
def test_damaged_bytes_are_read_as_fastavro_reads_them_or_not_at_all(record: Any, data: st.DataObject) -> None:
    name = type(record).__name__
    value = bytearray(CODEC.encode(name, record))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(5, len(value)))
        value[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    assert decoded(name, bytes(value)) == reference(name, bytes(value))


@given(st.sampled_from(RECORDS), st.binary(max_size=300))
def test_any_bytes_are_a_record_or_undecodable(cls: type, body: bytes) -> None:
    number, _ = REGISTRY.latest(f"{cls.__name__}-value")
    value = b"\0" + number.to_bytes(4, "big") + body
    assert decoded(cls.__name__, value) == reference(cls.__name__, value)


@given(st.binary(max_size=40))
def test_bytes_without_our_head_raise_only_what_they_may(value: bytes) -> None:
    with pytest.raises((Undecodable, UnknownSchema)):
        CODEC.decode("ProviderProfile", value[:1] + b"\xff" + value[1:], APPENDED)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-14, 14))
def test_times_are_instants_in_whole_milliseconds(local: datetime, hours: int) -> None:
    time = local.replace(tzinfo=timezone(timedelta(hours=hours)))
    found: Any = CODEC.decode(
        "LeadAccepted", CODEC.encode("LeadAccepted", replace(ACCEPTED, accepted_at=time)), APPENDED
    )
    assert timedelta(0) <= time - found.accepted_at < timedelta(milliseconds=1)
    assert found.accepted_at.tzinfo is UTC


def test_a_time_without_zone_is_utc() -> None:
    naive = replace(ACCEPTED, accepted_at=APPENDED.replace(tzinfo=None))
    assert CODEC.encode("LeadAccepted", naive) == CODEC.encode("LeadAccepted", ACCEPTED)


@pytest.mark.parametrize("length", range(len(CODEC.encode("OrderPlaced", ORDER))))
def test_a_truncated_record_is_undecodable_at_every_length(length: int) -> None:
    with pytest.raises(Undecodable):
        CODEC.decode("OrderPlaced", CODEC.encode("OrderPlaced", ORDER)[:length], APPENDED)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "there is no value"),
        (b"", "0 bytes are too few"),
        (b"\0\0\0", "3 bytes are too few"),
        (b'{"order_id": 1}', "byte 0 is 123"),
        (CODEC.encode("OrderPlaced", ORDER) + b"xy", "2 bytes left over"),
        (CODEC.encode("OrderPlaced", ORDER)[:-3], "OrderPlaced: "),
    ],
)
def test_the_reason_says_what_is_wrong_with_the_bytes(value: bytes | None, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason):
        CODEC.decode("OrderPlaced", value, APPENDED)


def test_an_array_that_claims_more_items_than_there_are_bytes_is_undecodable_at_once() -> None:
    head = b"\0" + REGISTRY.latest("ProviderProfile-value")[0].to_bytes(4, "big")
    with pytest.raises(Undecodable):
        CODEC.decode("ProviderProfile", head + b"\x02p" + b"\xfe" + b"\xff" * 8 + b"\x01", APPENDED)


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"type": "array", "items": "null"}, "items without bytes"),
        ({"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}, "contains itself"),
    ],
)
def test_a_foreign_schema_that_could_exhaust_us_is_not_read(extra: Any, reason: str) -> None:
    ours, registry = codec()
    registry.book.schemas[99] = _with(SCHEMAS["OrderCancelled"], {"name": "extra", "type": extra})
    value = b"\0\0\0\0\x63" + b"\x02a\x02b" + b"\x02" * 1_000_000 + b"\0"
    with pytest.raises(Undecodable, match=reason):
        ours.decode("OrderCancelled", value, APPENDED)


def test_another_record_is_undecodable() -> None:
    with pytest.raises(Undecodable):
        CODEC.decode("OrderPlaced", CODEC.encode("LeadAccepted", ACCEPTED), APPENDED)


def test_what_is_not_avro_is_undecodable() -> None:
    ours, registry = codec()
    key = b'{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}'
    registry.book.apply(key, b'{"subject":"s","version":1,"id":99,"schemaType":"PROTOBUF","schema":"syntax"}')
    with pytest.raises(Undecodable):
        ours.decode("OrderPlaced", b"\0\0\0\0\x63abc", APPENDED)


def test_an_unknown_id_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownSchema):
        CODEC.decode("OrderPlaced", b"\0\0\x01\0\0abc", APPENDED)


def test_nothing_can_be_written_before_it_is_published() -> None:
    ours, registry = codec()
    registry.book.subjects.clear()
    with pytest.raises(Unpublished, match="schemas publish") as raised:
        ours.encode("OrderPlaced", ORDER)
    assert isinstance(raised.value, RegistryUnavailable)


def test_a_record_written_with_a_newer_schema_is_read_without_what_we_do_not_know() -> None:
    ours, registry = codec()
    newer = _with(SCHEMAS["OrderCancelled"], {"name": "by", "type": "string", "default": "shop"})
    registry.register({"OrderCancelled-value": newer})
    head = b"\0" + registry.latest("OrderCancelled-value")[0].to_bytes(4, "big")
    found: Any = ours.decode("OrderCancelled", head + b"\x02a\x02b\x02c", APPENDED)
    assert (found.order_id, found.reason) == ("a", "b")


def test_the_latest_schema_is_written_with_defaults_for_what_we_do_not_know() -> None:
    ours, registry = codec()
    newer = _with(SCHEMAS["LeadAccepted"], {"name": "by", "type": "string", "default": "shop"})
    number = registry.register({"LeadAccepted-value": newer})["LeadAccepted-value"]
    value = ours.encode("LeadAccepted", ACCEPTED)
    assert value[:5] == b"\0" + number.to_bytes(4, "big")
    assert value.endswith(b"\x08shop")


def test_a_record_of_an_older_schema_gets_defaults_that_nobody_shares() -> None:
    older = SCHEMAS["LeadSlip"] | {"fields": [f for f in SCHEMAS["LeadSlip"]["fields"] if "default" not in f]}
    ours, registry = codec()
    registry.book = type(registry.book)()
    registry.register({"LeadSlip-value": older})
    lead: Any = next(f for f in SCHEMAS["LeadSlip"]["fields"] if f["name"] == "lead")
    body = BytesIO()
    row: dict[str, Any] = {
        f["name"]: [] if f["name"] == "categories" else 0 if f["type"] == "long" else "x"
        for f in lead["type"]["fields"]
    }
    schemaless_writer(
        body, parse_schema(older), {"lead_id": "l", "lead": row, "wave": 1, "expires_at": APPENDED, "remaining": ["a"]}
    )
    first, second = (ours.decode("LeadSlip", b"\0\0\0\0\x01" + body.getvalue(), APPENDED) for _ in range(2))
    assert isinstance(first, LeadSlip)
    assert first == second
    assert first.visited == []
    assert first.candidates == []
    assert isinstance(second, LeadSlip)
    assert first.visited is not second.visited


def test_a_new_time_or_record_with_a_default_is_what_its_class_says() -> None:
    fields = SCHEMAS["OrderPlaced"]["fields"]
    older = SCHEMAS["OrderPlaced"] | {"fields": fields[:1]}
    empty = {"customer_id": "", "city": "", "state": "", "zip_prefix": ""}
    defaults = {"customer": empty, "items": [], "total_cents": 0, "priority": "priority", "placed_at": 1000}
    local = SCHEMAS["OrderPlaced"] | {"fields": [f | {"default": defaults.get(f["name"], "")} for f in fields]}
    ours, registry = codec(OrderPlaced=local)
    number = registry.register({"older": older})["older"]
    for _ in range(2):
        found: Any = ours.decode("OrderPlaced", b"\0" + number.to_bytes(4, "big") + b"\x02a", APPENDED)
        assert found.placed_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
        assert found.customer == Customer(**empty)


ANY_NUMBER: Any = 7


def wrong(**changed: Any) -> Any:
    return replace(ORDER, **changed)


WRONG: list[tuple[Any, str]] = [
    (wrong(order_id=None), "OrderPlaced.order_id is NoneType, not str"),
    (wrong(order_id=b"o1"), "OrderPlaced.order_id is bytes, not str"),
    (wrong(total_cents=1.5), "OrderPlaced.total_cents is float, not int"),
    (wrong(total_cents=True), "OrderPlaced.total_cents is bool, not int"),
    (wrong(total_cents=2**63), "OrderPlaced.total_cents"),
    (wrong(order_id="\ud800"), "OrderPlaced.order_id"),
    (wrong(priority="urgent"), "OrderPlaced.priority"),
    (wrong(priority=["urgent"]), "OrderPlaced.priority is list, not str"),
    (wrong(placed_at=5), "OrderPlaced.placed_at is int, not datetime"),
    (wrong(customer={"city": ""}), "OrderPlaced.customer is dict, not Customer"),
    (
        wrong(customer=Customer(customer_id="", city=ANY_NUMBER, state="", zip_prefix="")),
        "Customer.city is int, not str",
    ),
    (wrong(items=ORDER.items[0]), "OrderPlaced.items is Item, not list"),
    (wrong(items=[ORDER.customer]), "OrderPlaced.items is Customer, not Item"),
    (wrong(items="abc"), "OrderPlaced.items is str, not list"),
]


@pytest.mark.parametrize(("record", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_what_cannot_be_written_is_named_by_record_and_field(record: Any, reason: str) -> None:
    with pytest.raises(Unencodable, match=reason):
        CODEC.encode("OrderPlaced", record)


def test_a_record_of_the_same_fields_is_still_another_record() -> None:
    cancel = CancelLead(lead_id="l", order_id="o", reason="r")
    with pytest.raises(Unencodable, match="LeadCancelled, not CancelLead"):
        CODEC.encode(LeadCancelled.__name__, cancel)


def test_a_subject_that_holds_another_record_is_not_written_to() -> None:
    ours, registry = codec()
    registry.book.subjects["OrderPlaced-value"] = {1: registry.latest("LeadAccepted-value")[0]}
    with pytest.raises(Unencodable, match="latest schema of OrderPlaced is LeadAccepted"):
        ours.encode("OrderPlaced", ORDER)


def _with(schema: Any, field: Any) -> Any:
    return schema | {"fields": [*schema["fields"], field]}
