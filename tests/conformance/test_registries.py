"""Every registry keeps the same promises: in memory, in `_schemas` of a real Kafka, behind Confluent's HTTP API."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from uuid import uuid4

import pytest

from streams.contracts.registry import InMemory, Refused, Registry, RegistryUnavailable, UnknownSchema, Unpublished
from streams.contracts.settings import Settings
from streams.runtime.registry import registry

Another = Callable[[], Registry]


@pytest.fixture(params=["in memory", "_schemas", "http"])
def another(request: pytest.FixtureRequest) -> Iterator[Another]:
    """Makes one more registry over the same schemas, as another process would."""
    with ExitStack() as ended:
        make = maker(request)
        yield lambda: ended.enter_context(closing(make()))


def maker(request: pytest.FixtureRequest) -> Another:
    if request.param == "in memory":
        one = InMemory()
        return lambda: one
    if request.param == "_schemas":
        settings = Settings(broker=request.getfixturevalue("broker"))
    else:
        settings = Settings(registry_url=request.getfixturevalue("apicurio"))
    return lambda: registry(settings)


@pytest.fixture
def ours(another: Another) -> Registry:
    return another()


@pytest.fixture
def subject() -> str:
    return f"test-{uuid4()}-value"


def record(*more: Any) -> Any:
    """A schema that no other test has; `more` are further fields."""
    fields = [{"name": "first", "type": "string"}, *more]
    return {"type": "record", "name": "Thing", "doc": str(uuid4()), "fields": fields}


def wider(schema: Any, **more: Any) -> Any:
    return schema | {"fields": [*schema["fields"], {"name": "second", "type": "long", **more}]}


def test_a_subject_never_published_has_no_versions(ours: Registry, subject: str) -> None:
    assert ours.versions(subject) == []
    with pytest.raises(RegistryUnavailable):
        ours.latest(subject)


def test_what_is_published_is_the_latest_and_found_by_its_id(ours: Registry, subject: str) -> None:
    schema = record()
    number = ours.register({subject: schema})[subject]
    assert ours.latest(subject) == (number, schema)
    assert ours.by_id(number) == schema
    assert ours.versions(subject) == [schema]


def test_another_process_finds_it_too(another: Another, subject: str) -> None:
    reading, schema = another(), record()
    another().register({f"{subject}-before": record()})
    with pytest.raises(Unpublished):
        reading.latest(subject)
    number = another().register({subject: schema})[subject]
    assert reading.by_id(number) == schema
    assert reading.latest(subject) == (number, schema)


def test_publishing_again_changes_nothing(another: Another, subject: str) -> None:
    schema = record()
    ids = [another().register({subject: schema})[subject] for _ in range(3)]
    assert len(set(ids)) == 1
    assert another().versions(subject) == [schema]


def test_the_same_text_has_one_id_under_every_subject(ours: Registry, subject: str) -> None:
    schema = record()
    ids = ours.register({f"{subject}-{n}": schema for n in range(3)})
    assert len(set(ids.values())) == 1


def test_different_texts_have_different_ids(ours: Registry, subject: str) -> None:
    ids = ours.register({f"{subject}-{n}": record() for n in range(3)})
    assert len(set(ids.values())) == 3


def test_a_new_version_is_the_latest_and_old_ones_stay_readable(another: Another, subject: str) -> None:
    ours, old = another(), record()
    first = ours.register({subject: old})[subject]
    second = ours.register({subject: wider(old, default=0)})[subject]
    assert ours.latest(subject)[0] == another().latest(subject)[0] == second
    assert another().by_id(first) == old
    assert ours.versions(subject) == [old, wider(old, default=0)]


def test_publishing_an_old_text_again_is_no_new_version(ours: Registry, subject: str) -> None:
    old = record()
    first = ours.register({subject: old})[subject]
    second = ours.register({subject: wider(old, default=0)})[subject]
    assert ours.register({subject: old}) == {subject: first}
    assert ours.latest(subject)[0] == second


def test_what_breaks_compatibility_is_refused_whole_and_the_field_named(ours: Registry, subject: str) -> None:
    old = record()
    ours.register({subject: old})
    with pytest.raises(Refused, match=f"{subject}: field second is new and has no default"):
        ours.register({f"{subject}-other": record(), subject: wider(old)})
    assert ours.versions(subject) == [old]
    assert ours.versions(f"{subject}-other") == []


def test_an_id_is_unknown_only_until_it_is_published(another: Another, subject: str) -> None:
    ours, first = another(), record()
    beyond = ours.register({subject: first})[subject] + 1
    with pytest.raises(UnknownSchema) as raised:
        ours.by_id(beyond)
    assert raised.value.id == beyond
    second = record()
    assert another().register({f"{subject}-2": second}) == {f"{subject}-2": beyond}
    assert ours.by_id(beyond) == second
