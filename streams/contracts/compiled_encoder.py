"""Writes one class as Avro of one schema, as straight Python made once."""

from collections.abc import Callable
from typing import Any

from streams.contracts.registry import Schema
from streams.contracts.source import Source, Unsupported, inner, kind, optional, parts
from streams.contracts.varint import varint

Encode = Callable[[bytes, Any], bytes]


def encoder(schema: Schema, record: type) -> Encode:
    """Writes a message of this very schema behind its five first bytes; raises Unsupported.

    The function raises TypeError, ValueError, AttributeError or LookupError for values that fastavro should judge.
    """
    source = Source()
    with source.block("def encode(head, r):"):
        source.add(f"if r.__class__ is not {source.name(record)}: raise Unusual", "out = [head]")
        _fields(source, schema, record, "r")
        source.add("return b''.join(out)")
    return source.made("encode")  # type: ignore[no-any-return]


def _value(source: Source, schema: Schema, hint: Any, of: str) -> None:
    writer = _WRITERS.get(kind(schema))
    if writer is None:
        raise Unsupported
    writer(source, schema, hint, of)


def _fields(source: Source, schema: Schema, hint: Any, of: str) -> None:
    for name, part, part_hint in parts(schema, hint):
        _value(source, part, part_hint, f"{of}.{name}")


def _record(source: Source, schema: Schema, hint: Any, of: str) -> None:
    _fields(source, schema, hint, _checked(source, of, source.name(hint)))


def _checked(source: Source, of: str, wanted: str) -> str:
    """The value under a name of its own; what is not exactly of that class is left to fastavro."""
    value = source.name()
    source.let(f"{value} = {of}", f"if {value}.__class__ is not {wanted}: raise Unusual")
    return value


def _string(source: Source, _schema: Schema, _hint: Any, of: str) -> None:
    value, size = source.name(), source.name()
    source.let(f"{value} = {of}.encode()", f"{size} = len({value})")
    source.piece(f"SMALL[{size}] if {size} < 8192 else varint({size})", value)


def _long(source: Source, _schema: Schema, _hint: Any, of: str) -> None:
    value = _checked(source, of, "int")
    source.piece(f"SMALL[{value}] if 0 <= {value} < 8192 else varint({value})")


def _instant(source: Source, _schema: Schema, _hint: Any, of: str) -> None:
    source.piece(f"instant({_checked(source, of, 'datetime')})")


def _boolean(source: Source, _schema: Schema, _hint: Any, of: str) -> None:
    source.piece(f"b'\\1' if {_checked(source, of, 'bool')} else b'\\0'")


def _enum(source: Source, schema: Schema, _hint: Any, of: str) -> None:
    spelled = {symbol: varint(index) for index, symbol in enumerate(schema["symbols"])}
    source.piece(f"{source.name(spelled)}[{of}]")


def _array(source: Source, schema: Schema, hint: Any, of: str) -> None:
    values, value = _checked(source, of, "list"), source.name()
    with source.block(f"if {values}:"):
        source.piece(f"varint(len({values}))")
        with source.block(f"for {value} in {values}:"):
            _value(source, schema["items"], inner(hint, list), value)
    source.piece("b'\\0'")


def _map(source: Source, schema: Schema, hint: Any, of: str) -> None:
    values, value, name = _checked(source, of, "dict"), source.name(), source.name()
    with source.block(f"if {values}:"):
        source.piece(f"varint(len({values}))")
        with source.block(f"for {name}, {value} in {values}.items():"):
            _string(source, "string", str, name)
            _value(source, schema["values"], inner(hint, dict), value)
    source.piece("b'\\0'")


def _union(source: Source, schema: Schema, hint: Any, of: str) -> None:
    null, branch, branch_hint = optional(schema, hint)
    value = source.name()
    source.let(f"{value} = {of}")
    with source.block(f"if {value} is None:"):
        source.piece(repr(varint(null)))
    with source.block("else:"):
        source.piece(repr(varint(1 - null)))
        _value(source, branch, branch_hint, value)


_WRITERS: dict[str, Callable[[Source, Schema, Any, str], None]] = {
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
