"""Which foreign schemas bound the work of decoding by the number of bytes; the others are not read at all."""

from typing import Any

from fastavro.schema import SchemaParseException

# what Avro's parsers and readers raise for schemas of others, which may be any JSON
FOREIGN = (
    SchemaParseException, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip


class Unbounded(ValueError):
    """A few bytes of this schema could take all memory, all time or the whole stack."""


def check(schema: Any) -> None:
    """Takes what fastavro's parse_schema made; raises Unbounded for recursion and for arrays of items without bytes."""
    _least(schema, {})


def _least(schema: Any, named: dict[str, int | None]) -> int:
    """The fewest bytes that a value takes; `named` holds None for records that are still open."""
    if isinstance(schema, list):
        return 1 + min((_least(branch, named) for branch in schema), default=0)
    if isinstance(schema, str):
        found = named.get(schema, 0 if schema == "null" else 1)
        if found is None:
            raise Unbounded(f"the schema {schema} contains itself")
        return found
    kind = schema["type"]
    least = _least_of_named(kind, schema, named) if "name" in schema else 1
    if kind == "array" and _least(schema["items"], named) == 0:
        raise Unbounded("the schema has an array of items without bytes")
    if kind == "map":
        _least(schema["values"], named)
    return least if "name" in schema or kind in ("array", "map") else _least(kind, named)


def _least_of_named(kind: str, schema: Any, named: dict[str, int | None]) -> int:
    named[schema["name"]] = None
    least = 1
    if kind in ("record", "error"):
        least = sum(_least(field["type"], named) for field in schema["fields"])
    elif kind == "fixed":
        least = int(schema["size"])
    named[schema["name"]] = least
    return least
