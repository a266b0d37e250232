"""Whether new readers can read everything old: BACKWARD_TRANSITIVE, with the field named where they cannot."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.schema import ArraySchema, MapSchema, RecordSchema, UnionSchema, parse
from fastavro import parse_schema

from streams.contracts import bounded

Schema = Any  # its JSON value


def refusals(wanted: Mapping[str, Schema], versions: Callable[[str], list[Schema]]) -> dict[str, list[str]]:
    """What speaks against each schema as the next version of its subject; one that is a version already is welcome."""
    found = {}
    for subject, schema in wanted.items():
        old = versions(subject)
        if schema not in old and (reasons := problems(schema, old)):
            found[subject] = reasons
    return found


def problems(new: Schema, old: Iterable[Schema]) -> list[str]:
    """What hinders readers of `new` from reading each of the `old` versions, oldest first; empty where nothing does."""
    try:
        reader = parse(json.dumps(new))
        bounded.check(parse_schema(new))
    except (AvroException, *bounded.FOREIGN) as error:
        return [f"it is no schema that can be used: {error}"]
    return [
        f"{reason} (against version {version})"
        for version, writer in enumerate(old, start=1)
        for reason in _broken_by(reader, writer)
    ]


def _broken_by(reader: Any, writer: Schema) -> list[str]:
    try:
        return _broken(reader, parse(json.dumps(writer)), "")
    except (AvroException, *bounded.FOREIGN) as error:
        return [f"the registry holds what is no Avro schema: {error}"]


def _broken(reader: Any, writer: Any, path: str) -> list[str]:
    """The innermost fields that cannot be read, each with its reason."""
    if isinstance(writer, UnionSchema):
        return [reason for branch in writer.schemas for reason in _broken(reader, branch, path)]
    if isinstance(reader, UnionSchema):
        nothing = [f"field {path or '(the whole)'} is a union of nothing"]
        return min((_broken(branch, writer, path) for branch in reader.schemas), key=len, default=nothing)
    if _logical(reader) != _logical(writer):
        return [f"field {path} changes from {_spoken(writer)} to {_spoken(reader)}"]
    if isinstance(reader, RecordSchema) and isinstance(writer, RecordSchema):
        return _renamed(reader, writer, path) or _broken_fields(reader, writer, path)
    if isinstance(reader, ArraySchema) and isinstance(writer, ArraySchema):
        return _broken(reader.items, writer.items, path)
    if isinstance(reader, MapSchema) and isinstance(writer, MapSchema):
        return _broken(reader.values, writer.values, path)
    return _refused(reader, writer, path)


def _broken_fields(reader: Any, writer: Any, path: str) -> list[str]:
    written = {field.name: field for field in writer.fields}
    found = []
    for field in reader.fields:
        where = f"{path}.{field.name}" if path else field.name
        old = next((written[name] for name in (field.name, *_aliases(field)) if name in written), None)
        if old is not None:
            found += _broken(field.type, old.type, where)
        elif not field.has_default:
            found.append(f"field {where} is new and has no default")
    return found


def _renamed(reader: Any, writer: Any, path: str) -> list[str]:
    if writer.name in (reader.name, *_aliases(reader)):
        return []
    return [f"{f'field {path}' if path else 'the record'} changes its record from {writer.name} to {reader.name}"]


def _refused(reader: Any, writer: Any, path: str) -> list[str]:
    result = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)  # type: ignore[no-untyped-call]
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    kinds = ", ".join(kind.value.replace("_", " ") for kind in result.incompatibilities)
    return [f"field {path or '(the whole)'} changes from {_spoken(writer)} to {_spoken(reader)}: {kinds}"]


def _spoken(schema: Any) -> str:
    symbols = getattr(schema, "symbols", None)
    return f"{schema.type} of {', '.join(symbols)}" if symbols else _logical(schema) or str(schema.type)


def _logical(schema: Any) -> str | None:
    return getattr(schema, "logical_type", None)


def _aliases(schema: Any) -> tuple[str, ...]:
    return tuple(schema.props.get("aliases") or ())
