"""Dotted paths into a record, `customer.zip_prefix`, by its schema and by its values; through a list, of each item."""

from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass, replace
from datetime import datetime
from typing import Any

from streams.contracts.mistakes import suggest
from streams.domain.events import EPOCH

Schema = Any  # its JSON value
_BLANK = {"string": "", "bytes": "", "boolean": False, "int": 0, "long": 0, "float": 0.0, "double": 0.0, "null": None}


def defined(schema: Schema, known: dict[str, Schema] | None = None) -> Schema:
    """The schema with every name of a type replaced by that type."""
    known = {} if known is None else known
    if isinstance(schema, str):
        return known.get(schema, schema)
    if isinstance(schema, list):
        return [defined(branch, known) for branch in schema]
    found = {part: defined(schema[part], known) for part in ("items", "values") if part in schema}
    if "fields" in schema:
        found["fields"] = [{**field, "type": defined(field["type"], known)} for field in schema["fields"]]
    elif isinstance(schema["type"], dict | list):
        found["type"] = defined(schema["type"], known)
    if "name" in schema:
        known[schema["name"]] = {**schema, **found}
    return {**schema, **found}


def field_at(schema: Schema, path: str) -> dict[str, Any]:
    """The field that a path leads to, of a list's type where it goes through one; raises ValueError("what; right")."""
    head, _, rest = path.partition(".")
    fields = fields_of(schema)
    if head not in fields:
        raise ValueError(f"there is no field {head}; {suggest(head, fields)}")
    field = fields[head]
    if not rest:
        return field
    kind = field["type"]
    try:
        return {**field_at(_innermost(kind), rest), "type": _around(kind, field_at(_innermost(kind), rest)["type"])}
    except ValueError as error:
        what, _, right = str(error).partition("; ")
        raise ValueError(f"{what} in {head}; {right}") from error


def fields_of(schema: Schema) -> dict[str, dict[str, Any]]:
    """By name; none of what is no record."""
    return {field["name"]: field for field in schema["fields"]} if _kind(schema) == "record" else {}


def is_list(schema: Schema) -> bool:
    """Also one that may be null."""
    return _kind(_present(schema)) == "array"


def personal(schema: Schema) -> Iterator[str]:
    """The paths of the fields that are marked `"pii": true`."""
    for name, field in fields_of(schema).items():
        if field.get("pii"):
            yield name
        else:
            yield from (f"{name}.{path}" for path in personal(_innermost(field["type"])))


def named_types(schema: Schema) -> Iterator[str]:
    """The names that a type defines; twice where it does so twice."""
    if isinstance(schema, list):
        for branch in schema:
            yield from named_types(branch)
    elif isinstance(schema, dict):
        yield from [schema["name"]] if "name" in schema else []
        parts = [schema[part] for part in ("items", "values", "type") if part in schema]
        for part in [*parts, *(field["type"] for field in schema.get("fields", ()))]:
            yield from named_types(part)


def value_at(value: Any, names: Sequence[str]) -> Any:
    """What a path leads to in a record; None where nothing is there, a list where it goes through one."""
    if not names or value is None:
        return value
    if isinstance(value, list):
        return [value_at(item, names) for item in value]
    return value_at(getattr(value, names[0]), names[1:])


def blanked(schema: Schema, value: Any, names: Sequence[str]) -> Any:
    """The value, a record or a part of one, with nothing in what the path leads to."""
    if not names or value is None:
        return _nothing(schema, value)
    if isinstance(value, list):
        return [blanked(_present(schema)["items"], item, names) for item in value]
    field = fields_of(_present(schema))[names[0]]
    return replace(value, **{names[0]: blanked(field["type"], getattr(value, names[0]), names[1:])})


def blank(schema: Schema) -> Any:
    """A default of this type as a schema writes it: empty, 0, or the first that is possible."""
    if isinstance(schema, list):
        return blank(schema[0])
    match _kind(schema):
        case "record":
            return {name: blank(field["type"]) for name, field in fields_of(schema).items()}
        case "enum":
            return schema.get("default", schema["symbols"][0])
        case "array":
            return []
        case "map":
            return {}
        case "fixed":
            return "\0" * int(schema["size"])
        case kind:
            return _BLANK[kind]


def _nothing(schema: Schema, value: Any) -> Any:
    if value is None or (isinstance(schema, list) and "null" in schema):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        fields = fields_of(_present(schema)).items()
        return replace(value, **{name: _nothing(field["type"], getattr(value, name)) for name, field in fields})
    if _kind(_present(schema)) == "enum":
        return blank(_present(schema))
    return EPOCH if isinstance(value, datetime) else type(value)()


def _kind(schema: Schema) -> str:
    kind = schema if isinstance(schema, str) else "union" if isinstance(schema, list) else schema["type"]
    return kind if isinstance(kind, str) else _kind(kind)


def _present(schema: Schema) -> Schema:
    """The other branch of a union with null."""
    return next((branch for branch in schema if branch != "null"), "null") if isinstance(schema, list) else schema


def _innermost(schema: Schema) -> Schema:
    """What is inside lists and unions with null."""
    inner = _present(schema)
    return _innermost(inner["items"]) if _kind(inner) == "array" else inner


def _around(schema: Schema, inner: Schema) -> Schema:
    """What is around a type, around another one."""
    if isinstance(schema, list):
        found = _around(_present(schema), inner)
        return found if isinstance(found, list) else ["null", found]
    return {"type": "array", "items": _around(schema["items"], inner)} if _kind(schema) == "array" else inner
