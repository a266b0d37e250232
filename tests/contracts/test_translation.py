"""What leaves to a partner as a value: whatever the event, personal data stays, and what leaves can be written."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import pytest
from fastavro import parse_schema
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.contracts.cel import TYPES, Expression, Failed, mistakes
from streams.contracts.codec import Codec, Unencodable
from streams.contracts.compatibility import problems
from streams.contracts.json_values import as_json
from streams.contracts.names import Names
from streams.contracts.partner_schema import namespace, partner_schema
from streams.contracts.records import row
from streams.contracts.registry import InMemory, Schema
from streams.contracts.sample import sample
from streams.contracts.schema_paths import defined, field_at, fields_of, is_list, named_types, personal
from streams.contracts.translation import Field, Translation, translator
from streams.domain.delivery import Mapped
from streams.domain.events import Event
from tests.contracts.samples import APPENDED, EVENTS, KNOWN, SCHEMAS, made

ORDER, TOPIC = SCHEMAS["OrderPlaced"], "acme.order.placed.v1"
ANY_EVENT = st.sampled_from(EVENTS).flatmap(lambda cls: made(cls, SCHEMAS[cls.__name__]))


def paths(schema: Schema, before: str = "") -> list[str]:
    """Every path of a schema, also to whole records."""
    found = []
    for name, field in fields_of(schema).items():
        inner = field["type"]
        while not isinstance(inner, str) and (isinstance(inner, list) or is_list(inner)):
            inner = next(branch for branch in inner if branch != "null") if isinstance(inner, list) else inner["items"]
        found += [before + name, *paths(inner, f"{before}{name}.")]
    return found


def schema_of(event: Event) -> Schema:
    return SCHEMAS[type(event).__name__]


def codec(wanted: Schema, topic: str = TOPIC) -> Codec:
    registry = InMemory()
    registry.register({f"{topic}-value": wanted})
    return Codec(registry, Names(), {topic: wanted}, KNOWN)


def texts(value: Any) -> set[str]:
    """Every text anywhere in a value."""
    if isinstance(value, Mapped):
        return texts(list(value.fields.values()))
    if is_dataclass(value):
        return {text for field in fields(value) for text in texts(getattr(value, field.name))}
    if isinstance(value, list | dict):
        return {text for part in (value.values() if isinstance(value, dict) else value) for text in texts(part)}
    return {value} if isinstance(value, str) else set()


def marked(schema: Schema, names: set[str]) -> Schema:
    """The schema with the fields of these paths marked as personal."""
    whole = defined(schema)
    for name in names:
        parts = name.split(".")
        for end in range(1, len(parts)):
            assert fields_of(whole), parts[:end]
        field_at(whole, name)
        target: Any = whole
        for part in parts[:-1]:
            target = fields_of(target)[part]["type"]
            while isinstance(target, list) or is_list(target):
                target = target[1] if isinstance(target, list) else target["items"]
        fields_of(target)[parts[-1]]["pii"] = True
    return whole


def test_what_is_marked_as_personal() -> None:
    found = {name: list(personal(defined(schema))) for name, schema in SCHEMAS.items()}
    assert {name: paths for name, paths in found.items() if paths} == {
        "OrderPlaced": ["customer.customer_id", "customer.zip_prefix"],
        "ReceiptRequested": ["customer_id"],
    }


@given(event=ANY_EVENT)
def test_an_event_without_personal_data_leaves_as_the_object_that_it_is(event: Event) -> None:
    assume(not list(personal(defined(schema_of(event)))))
    assert translator(schema_of(event), Translation())(event) is event


@given(data=st.data(), event=made(KNOWN["OrderPlaced"], ORDER))
def test_whatever_is_marked_as_personal_stays_unless_it_is_named(data: Any, event: Any) -> None:
    known = paths(defined(ORDER))
    hidden = data.draw(st.sets(st.sampled_from(known)))
    schema = marked(ORDER, hidden)
    named = data.draw(st.sets(st.sampled_from(sorted(personal(schema)) or ["order_id"])))
    left = translator(schema, Translation(pii=tuple(named)))(event)
    open_to_all = [path for path in known if not any(f"{path}.".startswith(f"{one}.") for one in hidden - named)]
    allowed = {text for path in open_to_all for text in texts(translator(ORDER, mapping(path))(event))}
    assert texts(left) <= allowed | {"", "standard"}
    for path in named - {deeper for deeper in named if any(deeper.startswith(f"{one}.") for one in hidden - named)}:
        assert texts(translator(schema, mapping(path))(event)) <= texts(left)
    assert type(left) is type(event)


def mapping(*names: str) -> Translation:
    return Translation(fields=tuple(Field(f"f{at}", name) for at, name in enumerate(names)), pii=names)


@given(data=st.data(), event=ANY_EVENT)
def test_a_mapped_event_is_written_and_read_back(data: Any, event: Event) -> None:
    schema = defined(schema_of(event))
    names = data.draw(st.lists(st.sampled_from(paths(schema)), min_size=1, max_size=4, unique=True))
    types = [name for path in names for name in named_types(field_at(schema, path)["type"])]
    assume(len(types) == len(set(types)))
    translation = mapping(*names)
    own = partner_schema(schema, translation.fields, "acme", TOPIC)
    parse_schema(own)
    said = translator(schema, translation)(event)
    assert isinstance(said, Mapped)
    try:
        data_out = codec(own).encode(TOPIC, said)
    except Unencodable:
        assume(False)  # a time or text that Avro cannot say, of the event itself
    back = codec(own).decode(TOPIC, data_out, APPENDED)
    assert back == said
    assert back.time == APPENDED
    assert list(as_json(back)) == [field.name for field in translation.fields]
    assert getattr(back, "expires_at", None) == (getattr(event, "expires_at", None) if "expires_at" in names else None)


def test_a_partners_schema_says_what_each_field_was() -> None:
    asked = (Field("zip", "customer.zip_prefix"), Field("big", cel="event.total_cents > 1", type="boolean"))
    assert partner_schema(ORDER, (*asked, Field("at", "placed_at")), "acme-1.x", "order.placed.v1") == {
        "type": "record",
        "name": "OrderPlaced",
        "namespace": "acme_1.x",
        "doc": "A customer placed an order.",
        "mapped_from": "order.placed.v1",
        "fields": [
            {
                "name": "zip",
                "type": "string",
                "default": "",
                "doc": "The first digits of the postal code.",
                "pii": True,
                "mapped_from": "customer.zip_prefix",
            },
            {"name": "big", "type": "boolean", "default": False, "mapped_by": "event.total_cents > 1"},
            {
                "name": "at",
                "type": {"type": "long", "logicalType": "timestamp-millis"},
                "default": 0,
                "doc": "When the shop says it was placed; nothing judges by it.",
                "mapped_from": "placed_at",
            },
        ],
    }
    assert namespace("7.ä") == "_7._"


def test_fields_may_come_and_go_but_not_change_their_type() -> None:
    def own(**fields: str) -> Schema:
        return partner_schema(ORDER, tuple(Field(name, path) for name, path in fields.items()), "acme", TOPIC)

    first = own(order="order_id", city="customer.city")
    assert problems(own(order="order_id", at="placed_at", items="items", who="customer"), [first]) == []
    assert problems(own(order="order_id"), [first]) == []
    (problem,) = problems(own(order="order_id", city="total_cents"), [first])
    assert "field city changes from string to long" in problem


def test_what_waits_is_read_with_a_mapping_that_has_grown() -> None:
    old = partner_schema(ORDER, (Field("order", "order_id"),), "acme", TOPIC)
    grown = partner_schema(ORDER, (Field("order", "order_id"), Field("at", "placed_at")), "acme", TOPIC)
    registry = InMemory()
    registry.register({f"{TOPIC}-value": old})
    written = Codec(registry, Names(), {TOPIC: old}, KNOWN).encode(TOPIC, Mapped(fields={"order": "a"}))
    registry.register({f"{TOPIC}-value": grown})
    reader = Codec(registry, Names(), {TOPIC: grown}, KNOWN)
    read = reader.decode(TOPIC, written, APPENDED)
    assert as_json(read) == {"order": "a", "at": "1970-01-01T00:00:00.000Z"}
    writer = Codec(registry, Names(), {TOPIC: old}, KNOWN)
    assert as_json(reader.decode(TOPIC, writer.encode(TOPIC, Mapped(fields={"order": "b"})), APPENDED))["order"] == "b"


def test_a_value_of_another_type_is_told_with_its_field() -> None:
    own = partner_schema(ORDER, (Field("order", "order_id"),), "acme", TOPIC)
    with pytest.raises(Unencodable, match=r"OrderPlaced.order is int, not str"):
        codec(own).encode(TOPIC, Mapped(fields={"order": 7}))


@pytest.mark.parametrize("mark", [True, False])
def test_a_mark_alone_leaves_old_records_readable_and_fast(mark: bool) -> None:
    """What was published before fields were marked differs in nothing that reading needs."""
    before = {**ORDER, "fields": [{**field, "pii": mark} for field in ORDER["fields"]]}
    assert problems(ORDER, [before]) == problems(before, [ORDER]) == []


@given(event=made(KNOWN["OrderPlaced"], ORDER))
def test_an_expression_says_of_an_event_what_python_says(event: Any) -> None:
    text = "event.total_cents >= 10000 && (event.customer.state == 'SP' || size(event.items) > 2)"
    said = event.total_cents >= 10_000 and (event.customer.state == "SP" or len(event.items) > 2)
    assert Expression(text).holds(row(event)) is said


@pytest.mark.parametrize(
    ("text", "wanted", "message"),
    [
        ("event.totl_cents > 1", "boolean", "there is no field totl_cents; did you mean total_cents?"),
        ("has(event.customer.cty)", "boolean", "there is no field cty in customer; did you mean city?"),
        ("event.items.category == 'toys'", "boolean", "items is a list; write for example event.items.exists"),
        ("evnt.total_cents > 1", "boolean", "undeclared reference to 'evnt'"),
        ("event.customer.city.startswith('S')", "boolean", "undeclared reference to 'startswith'"),
        ("event.total_cents > '1'", "boolean", "int and string do not fit together"),
        ("true || event.total_cents > '1'", "boolean", "int and string do not fit together"),
        ("event.priority == 'x' ? true : event.placed_at > 3", "boolean", "timestamp and int do not fit together"),
        ("event.items.exists(item, item.price > 1)", "boolean", "no such member in mapping: 'price'"),
        ("event.order_id", "boolean", "is string, not boolean"),
        ("event.total_cents / 100.0", "double", "is long, not double"),
        ("event.customer", "string", "map can leave under no name"),
        ("event.total_cents >", "boolean", "is no expression of CEL, see column"),
        ("lambda > 1", "boolean", "uses a name or number that cannot be used"),
        ("(" * 500 + "true" + ")" * 500, "boolean", "nested too deeply"),
    ],
)
def test_a_mistake_in_an_expression_is_found_before_any_event(text: str, wanted: str, message: str) -> None:
    found = list(mistakes(text, defined(ORDER), wanted))
    assert any(message in mistake for mistake in found), found
    assert all(mistake.count("; ") for mistake in found)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("event.items.exists(item, item.price_cents > 100 && item.category == 'toys')", "boolean"),
        ("event.placed_at > timestamp('2026-01-01T00:00:00Z')", "boolean"),
        ("event.customer.state in ['SP', 'RJ'] && event.order_id.matches('^[0-9]+$')", "boolean"),
        ("event.items[3].category == 'toys' || 1 / (event.total_cents - 1) > 0", "boolean"),
        ("event.items.map(item, item.price_cents).size()", "long"),
        ("string(event.total_cents) + ' cents'", "string"),
        ("event.placed_at", "timestamp"),
        ("double(event.total_cents) / 100.0", "double"),
    ],
)
def test_what_may_be_right_for_some_event_is_no_mistake(text: str, wanted: str) -> None:
    assert list(mistakes(text, defined(ORDER), wanted)) == []


def test_an_expression_whose_value_is_of_another_kind_fails() -> None:
    event = sample(defined(ORDER))
    for text in ("event.total_cents", "event.items", "1 / 0 > 1", "event.items[7].category == 'x'"):
        with pytest.raises(Failed):
            Expression(text).holds(event)
    said = [Expression(text).value(event) for text in ("true", "1", "1u", "1.0", "'1'", "event.placed_at")]
    assert {type(value) for value in said} == set(TYPES.values())
    assert isinstance(Expression("event.placed_at").value(event), datetime)
