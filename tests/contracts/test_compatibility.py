"""Old records stay readable: what would break that is refused, and the field is named."""

from typing import Any

import pytest

from streams.contracts.compatibility import problems, refusals
from tests.contracts.samples import SCHEMAS

TIME = {"type": "long", "logicalType": "timestamp-millis"}


def record(*fields: Any, name: str = "Thing", **more: Any) -> Any:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name: str, kind: Any = "string", **more: Any) -> Any:
    return {"name": name, "type": kind, **more}


OLD = record(field("a"), field("b", "long"))


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        record(field("a")),
        record(field("b", "long"), field("a")),
        record(field("a"), field("b", "long"), field("c", default="x")),
        record(field("a", "bytes"), field("b", "double")),
        record(field("a", ["null", "string"]), field("b", "long")),
        record(field("z", aliases=["a"]), field("b", "long")),
    ],
)
def test_what_can_read_old_records_is_welcome(new: Any) -> None:
    assert problems(new, [OLD]) == []


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (record(field("a"), field("b", "long"), field("c")), "field c is new and has no default"),
        (record(field("a"), field("b", "string")), "field b changes from long to string"),
        (record(field("a"), field("b", "int")), "field b changes from long to int"),
        (record(field("a"), field("b", TIME)), "field b changes from long to timestamp-millis"),
        (record(field("a"), field("b", ["null", "string"])), "field b changes from long to"),
        (record(field("a"), field("b", "long"), name="Other"), "changes its record from Thing to Other"),
        ({"type": "record", "name": "Thing"}, "no schema that can be used"),
        (record(field("a", ["null", "Thing"])), "contains itself"),
    ],
)
def test_what_cannot_is_refused_and_the_field_named(new: Any, reason: str) -> None:
    found = problems(new, [OLD])
    assert len(found) == 1
    assert reason in found[0]


def test_a_field_deep_inside_is_named_by_its_path() -> None:
    def order(*item: Any) -> Any:
        return record(field("items", {"type": "array", "items": record(*item, name="Item")}))

    assert problems(order(field("sku"), field("size", "long")), [order(field("sku"))]) == [
        "field items.size is new and has no default (against version 1)"
    ]


def test_a_symbol_that_goes_is_refused_unless_the_enum_has_a_default() -> None:
    def with_symbols(*symbols: str, **more: Any) -> Any:
        return record(field("why", {"type": "enum", "name": "Why", "symbols": symbols, **more}))

    assert problems(with_symbols("a", "b", "c"), [with_symbols("a", "b")]) == []
    assert problems(with_symbols("a", default="a"), [with_symbols("a", "b")]) == []
    assert problems(with_symbols("a"), [with_symbols("a", "b")]) == [
        "field why changes from enum of a, b to enum of a: missing enum symbols (against version 1)"
    ]


def test_every_version_ever_published_counts_not_only_the_last() -> None:
    versions = [record(field("a"), field("b")), record(field("a")), record(field("a"), field("b", "long", default=0))]
    assert problems(versions[2], versions[1:2]) == []
    assert problems(versions[2], versions[:2]) == [
        "field b changes from string to long: type mismatch (against version 1)"
    ]


def test_what_is_published_already_is_welcome_though_newer_versions_could_not_be_read_with_it() -> None:
    old, new = record(field("a"), field("b", default="")), record(field("a"))
    assert refusals({"s": old}, lambda _: [old, new]) == {}


def test_a_registry_that_holds_nonsense_is_said_to_hold_it() -> None:
    assert problems(OLD, [{"type": "PROTOBUF"}])[0].startswith("the registry holds what is no Avro schema")


def test_taking_a_field_of_an_order_away_and_back_without_default_is_refused() -> None:
    placed = SCHEMAS["OrderPlaced"]
    without = placed | {"fields": [f for f in placed["fields"] if f["name"] != "total_cents"]}
    assert problems(without, [placed]) == []
    assert problems(placed, [placed, without]) == ["field total_cents is new and has no default (against version 2)"]
