"""Reads one class from Avro of one schema, as straight Python made once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from streams.contracts.records import has_time
from streams.contracts.registry import Schema
from streams.contracts.source import Source, Unsupported, inner, kind, optional, parts

Decode = Callable[[bytes, datetime], Any]


def decoder(schema: Schema, record: type) -> Decode:
    """Reads a whole message (its body begins at byte 5) of this very schema; raises Unsupported.

    The function raises ValueError, IndexError or OverflowError for bytes that fastavro should judge.
    """
    source = Source()
    with source.block("def decode(b, time):"):
        source.add("i = 5")
        _record(source, schema, record, "r")
        source.add("if i != len(b): raise Unusual")
        if has_time(record):
            source.add("r.time = time")
        source.add("return r")
    return source.made("decode")  # type: ignore[no-any-return]


def _value(source: Source, schema: Schema, hint: Any, to: str) -> None:
    reader = _READERS.get(kind(schema))
    if reader is None:
        raise Unsupported
    reader(source, schema, hint, to)


def _record(source: Source, schema: Schema, hint: Any, to: str) -> None:
    found, made = parts(schema, hint), source.name()
    source.add(f"{made} = new({source.name(hint)})")
    for name, part, part_hint in found:
        _value(source, part, part_hint, f"{made}.{name}")
    source.add(f"{to} = {made}")


def _string(source: Source, _schema: Schema, _hint: Any, to: str) -> None:
    source.add("n = b[i]", "if n & 129: n, i = length_at(b, i)", "else: n >>= 1; i += 1")
    source.add("j = i + n", f"{to} = b[i:j].decode()", "i = j")


def _long(source: Source, _schema: Schema, _hint: Any, to: str) -> None:
    source.add("n = b[i]", f"if not n & 129: {to} = n >> 1; i += 1")
    source.add(f"elif n & 1: {to}, i = number_at(b, i)")
    source.add(f"elif b[i + 1] < 128: {to} = (n & 126 | b[i + 1] << 7) >> 1; i += 2")
    source.add(f"elif b[i + 2] < 128: {to} = (n & 126 | b[i + 1] << 7 & 16256 | b[i + 2] << 14) >> 1; i += 3")
    source.add(f"else: {to}, i = number_at(b, i)")


def _instant(source: Source, _schema: Schema, _hint: Any, to: str) -> None:
    source.add(f"{to}, i = instant_at(b, i)")


def _boolean(source: Source, _schema: Schema, _hint: Any, to: str) -> None:
    source.add(f"{to} = b[i] != 0", "i += 1")


def _enum(source: Source, schema: Schema, _hint: Any, to: str) -> None:
    source.add("n = b[i]", "if n & 129: raise Unusual", f"{to} = {source.name(schema['symbols'])}[n >> 1]", "i += 1")


def _array(source: Source, schema: Schema, hint: Any, to: str) -> None:
    values, value = source.name(), source.name()
    source.add(f"{values} = []")
    with _blocks(source):
        _value(source, schema["items"], inner(hint, list), value)
        source.add(f"{values}.append({value})")
    source.add(f"{to} = {values}")


def _map(source: Source, schema: Schema, hint: Any, to: str) -> None:
    values, value, name = source.name(), source.name(), source.name()
    source.add(f"{values} = {{}}")
    with _blocks(source):
        _string(source, "string", str, name)
        _value(source, schema["values"], inner(hint, dict), value)
        source.add(f"{values}[{name}] = {value}")
    source.add(f"{to} = {values}")


@contextmanager
def _blocks(source: Source) -> Iterator[None]:
    """The loops over an array's blocks and their items; every item takes a byte, so the bytes bound them."""
    count = source.name()
    with source.block("while True:"):
        source.add(f"{count}, i = length_at(b, i)", f"if not {count}: break")
        with source.block(f"for _ in range({count}):"):
            yield


def _union(source: Source, schema: Schema, hint: Any, to: str) -> None:
    null, branch, branch_hint = optional(schema, hint)
    source.add("n = b[i]", "i += 1")
    with source.block(f"if n == {2 * null}:"):
        source.add(f"{to} = None")
    with source.block(f"elif n == {2 - 2 * null}:"):
        _value(source, branch, branch_hint, to)
    source.add("else: raise Unusual")


_READERS: dict[str, Callable[[Source, Schema, Any, str], None]] = {
    "record": _record,
    "string": _string,
    "long": _long,
    "timestamp-millis": _instant,
    "boolean": _boolean,
    "enum": _enum,
    "array": _array,
    "map": _map,
    "union": _union,
}
