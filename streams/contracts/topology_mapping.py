"""What of each event leaves to a partner, as its stanza says: `where`, `fields` and `pii`, for all of them or each."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from streams.contracts.mistakes import suggest
from streams.contracts.partner_schema import DEADLINE
from streams.contracts.schema_paths import Schema, defined, field_at, fields_of, named_types, personal
from streams.contracts.topology import EventSpec
from streams.contracts.topology_draft import Draft
from streams.contracts.topology_section import Name, Section
from streams.contracts.topology_values import one_of, text
from streams.contracts.translation import Field, Translation, hidden

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES = ("string", "long", "double", "boolean", "timestamp")
_BOOLEAN = "boolean"


def translations(section: Section, events: list[EventSpec], draft: Draft) -> dict[str, Translation]:
    """By the event's topic; what does not fit the event's schema is noted with its line."""
    by_topic = {event.topic: event for event in events}
    wheres = {topic: one.get(key, text, "") for topic, one, key in _each(section, "where", by_topic)}
    fields = {topic: _fields(one, key) for topic, one, key in _each(section, "fields", by_topic)}
    pii = section.names("pii")
    found = {}
    schemas = {topic: schema for topic, event in by_topic.items() if (schema := _schema(draft, event)) is not None}
    for topic in by_topic:
        found[topic] = Translation(wheres.get(topic, ""), fields.get(topic, ()), tuple(name.text for name in pii))
        for where, mistake in _misfits(section, by_topic[topic], found[topic], schemas.get(topic)):
            section.note(where, f"{topic}: {mistake}")
    _check_pii(section, pii, schemas)
    return found


def _each(section: Section, key: str, events: Mapping[str, EventSpec]) -> Iterator[tuple[str, Section, str]]:
    """Where `key` of each event stands: in the stanza itself, or under the event's topic in a mapping of them."""
    if section.get(key, lambda value: value, None) is None:
        return
    inner = section.section(key) if section.holds_mapping(key) else None
    if inner is None or not (key == "where" or any(name in events or "." in name for name in inner)):
        yield from ((topic, section, key) for topic in events)
        return
    for name in inner:
        if name in events:
            yield name, inner, name
        else:
            inner.note(inner.at(name), f"it does not hear {name}; {suggest(name, events)}")


def _fields(section: Section, key: str) -> tuple[Field, ...]:
    inner = section.section(key)
    found = tuple(_field(inner, name) for name in inner)
    if not found:
        section.note(section.at(key), f"{key} names nothing that leaves; write for example {key}: {{order: order_id}}")
    return found


def _field(section: Section, name: str) -> Field:
    if not _NAME.fullmatch(name):
        section.note(section.at(name), f"{name!r} is no name of a field; write letters, digits and _")
    if not section.holds_mapping(name):
        return Field(name, section.get(name, text, ""))
    computed = section.section(name)
    example = '"event.total_cents >= 10000"'
    made = Field(
        name, cel=computed.need("cel", text, "", example), type=computed.need("type", one_of(*_TYPES), "", _BOOLEAN)
    )
    computed.done()
    return made


def _misfits(
    section: Section, event: EventSpec, translation: Translation, schema: Schema | None
) -> Iterator[tuple[int, str]]:
    """Each with its line. A schema that cannot be read is somebody else's mistake."""
    if schema is None:
        return
    if translation.where:
        line = _line(section, "where", event.topic)
        yield from ((line, mistake) for mistake in _cel(translation.where, schema, _BOOLEAN))
    for field in translation.fields:
        line = _line(section, "fields", event.topic, field.name)
        yield from ((line, mistake) for mistake in _misfit(field, schema))
    line = _line(section, "fields", event.topic)
    yield from ((line, mistake) for mistake in _missing(event, translation, schema))


def _misfit(field: Field, schema: Schema) -> Iterator[str]:
    if field.cel and field.type:
        yield from _cel(field.cel, schema, field.type)
    elif field.path:
        try:
            field_at(schema, field.path)
        except ValueError as error:
            yield str(error)


def _missing(event: EventSpec, translation: Translation, schema: Schema) -> Iterator[str]:
    """What leaves although nothing names it, or does not leave although it must."""
    if event.key in hidden(schema, [*translation.pii, *(field.path for field in translation.fields)]):
        yield f"its key, {event.key}, is personal data, and leaves with every message; write pii: [{event.key}]"
    if not translation.fields:
        return
    paths = [field.path for field in translation.fields]
    if DEADLINE in fields_of(schema) and DEADLINE not in paths:
        right = f"name it, as {DEADLINE}: {DEADLINE} or with another name before it"
        yield f"its {DEADLINE} ends its deliveries, and no field is made of it; {right}"
    known = [path for path in paths if path and _is_known(schema, path)]
    names = [name for path in known for name in named_types(field_at(schema, path)["type"])]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two fields are of the type {name}, which Avro can define only once; name what is in it"


def _check_pii(section: Section, pii: tuple[Name, ...], schemas: Mapping[str, Schema]) -> None:
    known = {path for schema in schemas.values() for path in personal(schema)}
    for name in pii:
        if schemas and not any(f"{path}.".startswith(f"{name.text}.") for path in known):
            what = f"no event that it hears has personal data in {name.text}"
            section.note(name.line, f"{what}; {suggest(name.text, known)}")


def _cel(expression: str, schema: Schema, wanted: str) -> Iterator[str]:
    from streams.contracts.cel import mistakes  # CEL is loaded where a map uses it only: it is large

    return mistakes(expression, schema, wanted)


def _line(section: Section, *keys: str) -> int:
    """Of the innermost of these keys that is there; an event's topic may be left out."""
    line = section.at(keys[0])
    inner = section
    for key in keys:
        if key in inner:
            line = inner.at(key)
            if not inner.holds_mapping(key):
                break
            inner = inner.section(key)
    return line


def _is_known(schema: Schema, path: str) -> bool:
    try:
        field_at(schema, path)
    except ValueError:
        return False
    return True


def _schema(draft: Draft, event: EventSpec) -> Schema | None:
    return _read(draft.root / "schemas" / f"{event.record}.avsc")


@cache
def _read(file: Path) -> Any:
    """None where it is no schema, which is told elsewhere."""
    try:
        found = defined(json.loads(file.read_text(encoding="utf-8")))
        return found if isinstance(found, dict) and "fields" in found else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
