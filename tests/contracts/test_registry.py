"""The book of `_schemas`, record by record as Confluent's registry and Karapace write them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.registry import Book, InMemory, Refused, entry


def thing(*names: str) -> Any:
    fields = [{"name": name, "type": "string", "default": ""} for name in names]
    return {"type": "record", "name": "Thing", "fields": fields}


def test_a_record_is_written_as_the_other_registries_write_it() -> None:
    key, value = entry("orders-value", 2, 7, {"type": "string"})
    assert key == b'{"keytype":"SCHEMA","subject":"orders-value","version":2,"magic":1}'
    assert value == (
        b'{"subject":"orders-value","version":2,"id":7,"schema":"{\\"type\\":\\"string\\"}","deleted":false}'
    )


def test_what_another_registry_wrote_is_read() -> None:
    book = Book()
    for key, value in [
        ('{"keytype":"CONFIG","subject":null,"magic":0}', '{"compatibilityLevel":"BACKWARD"}'),
        ('{"keytype":"NOOP","magic":0}', None),
        ('{"keytype":"SCHEMA","subject":"a","version":1,"magic":1}', _said("a", 1, 10, "A")),
        ('{"keytype":"SCHEMA","subject":"a","version":2,"magic":1}', _said("a", 2, 12, "B")),
        ('{"keytype":"SCHEMA","subject":"b","version":1,"magic":1}', _said("b", 1, 10, "A")),
    ]:
        book.apply(key.encode(), None if value is None else value.encode())
    assert book.latest("a") == (12, {"type": "fixed", "name": "B", "size": 1})
    assert book.latest("b") == (10, {"type": "fixed", "name": "A", "size": 1})
    assert book.latest("c") is None


def test_a_deleted_version_is_no_longer_the_latest_but_stays_readable() -> None:
    registry = InMemory()
    registry.register({"a": thing("x")})
    number = registry.register({"a": thing("x", "y")})["a"]
    key, value = entry("a", 2, number, thing("x", "y"))
    registry.book.apply(key, value.replace(b'"deleted":false', b'"deleted":true'))
    assert registry.versions("a") == [thing("x")]
    assert registry.by_id(number) == thing("x", "y")


def test_a_version_deleted_for_good_stays_readable_too() -> None:
    registry = InMemory()
    number = registry.register({"a": thing("x")})["a"]
    registry.book.apply(entry("a", 1, number, thing("x"))[0], None)
    assert registry.versions("a") == []
    assert registry.by_id(number) == thing("x")


def test_a_deleted_subject_has_no_versions() -> None:
    registry = InMemory()
    registry.register({"a": thing("x")})
    registry.book.apply(b'{"keytype":"DELETE_SUBJECT","subject":"a","magic":0}', b'{"subject":"a","version":1}')
    assert registry.versions("a") == []


@given(st.lists(st.tuples(st.one_of(st.none(), st.binary()), st.one_of(st.none(), st.binary()))))
def test_garbage_in_the_topic_is_passed_over(records: list[tuple[bytes | None, bytes | None]]) -> None:
    book = Book()
    for key, value in records:
        book.apply(key, value)
    assert not book.schemas


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.dictionaries(st.sampled_from(["subject", "version", "id", "schema", "keytype", "deleted"]), inner),
    max_leaves=6,
)


@given(JSON, JSON)
def test_json_of_other_shapes_is_passed_over(key: Any, value: Any) -> None:
    Book().apply(json.dumps(key).encode(), json.dumps(value).encode())
    about = {"keytype": "SCHEMA", "subject": "a", "version": 1}
    Book().apply(json.dumps(about).encode(), json.dumps(value).encode())
    Book().apply(json.dumps(about | {"keytype": "DELETE_SUBJECT"}).encode(), json.dumps(value).encode())


def test_one_refused_subject_means_that_nothing_is_published() -> None:
    registry = InMemory()
    registry.register({"a": thing("x")})
    broken = {"type": "record", "name": "Thing", "fields": [{"name": "new", "type": "string"}]}
    with pytest.raises(Refused, match="a: field new is new and has no default"):
        registry.register({"b": thing("y"), "a": broken})
    assert registry.versions("b") == []


def _said(subject: str, version: int, number: int, name: str) -> str:
    schema = json.dumps({"type": "fixed", "name": name, "size": 1})
    return json.dumps({"subject": subject, "version": version, "id": number, "schema": schema, "deleted": False})
