"""Python source under construction, for codecs compiled from one class and its schema.

fastavro stays the reference: what a compiled function finds unusual is left to it, and a property test compares them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from types import NoneType
from typing import Any, get_args, get_type_hints

from streams.contracts import varint
from streams.contracts.registry import Schema


class Unsupported(Exception):
    """A schema or class that is left to fastavro."""


@dataclass(slots=True)
class Source:
    """Lines of Python, and the values that they name."""

    known: dict[str, Any] = field(default_factory=lambda: dict(vars(varint)))
    lines: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    depth: int = 0
    count: int = 0

    def add(self, *lines: str) -> None:
        self.flush()
        self.let(*lines)

    def let(self, *lines: str) -> None:
        """Lines that neither branch nor write: pieces still waiting may stand after them."""
        self.lines += [" " * self.depth + line for line in lines]

    def piece(self, *pieces: str) -> None:
        """Expressions of bytes for the list `out`; consecutive ones are appended together."""
        self.pieces += pieces

    def flush(self) -> None:
        pieces, self.pieces = self.pieces, []
        if pieces:
            self.lines.append(" " * self.depth + f"out += ({', '.join(pieces)},)")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.add(head)
        self.depth += 1
        yield
        self.flush()
        self.depth -= 1

    def name(self, value: Any = None) -> str:
        """A name not used yet; of `value`, where one is given."""
        self.count += 1
        if value is None:
            return f"v{self.count}"
        self.known[f"k{self.count}"] = value
        return f"k{self.count}"

    def made(self, name: str) -> Any:
        """The function of this name; the text is made of our own schemas' names and nothing from outside."""
        exec("\n".join(self.lines), self.known)
        return self.known[name]


def kind(schema: Schema) -> str:
    """What a schema is: its type, union, or its logical type where we have one; `?` for other logical types."""
    if isinstance(schema, list):
        return "union"
    if isinstance(schema, str):
        return schema
    logical = schema.get("logicalType")
    if logical is None:
        return str(schema["type"])
    return "timestamp-millis" if logical == "timestamp-millis" else "?"


def parts(schema: Schema, record: Any) -> list[tuple[str, Schema, Any]]:
    """Name, schema and hint of each field of a class that plain assignment fills; raises Unsupported for others."""
    if not is_dataclass(record) or hasattr(record, "__post_init__") or "__setattr__" in vars(record):
        raise Unsupported  # a frozen dataclass has a __setattr__ of its own
    hints = get_type_hints(record)
    found = [(part["name"], part["type"], hints.get(part["name"])) for part in schema["fields"]]
    if not found or {name for name, _, _ in found} != {f.name for f in fields(record)} - {"time"}:
        raise Unsupported
    return found


def optional(schema: Schema, hint: Any) -> tuple[int, Schema, Any]:
    """Of a union of null and one other branch: the index of null, the branch and its hint; else raises Unsupported."""
    if len(schema) != 2 or "null" not in schema:
        raise Unsupported
    null = schema.index("null")
    hints = [part for part in get_args(hint) if part is not NoneType]
    if len(hints) != 1:
        raise Unsupported
    return null, schema[1 - null], hints[0]


def inner(hint: Any, origin: type) -> Any:
    """What a list or dict of this hint holds; raises Unsupported for another hint."""
    if getattr(hint, "__origin__", None) is not origin:
        raise Unsupported
    return get_args(hint)[-1]
