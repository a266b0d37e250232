"""Record values as people read them: Avro by the schema that it was written with, else JSON, text or bytes."""

import json
from functools import cache
from io import BytesIO
from typing import Any, Self

from fastavro import parse_schema, schemaless_reader

from streams.contracts import bounded
from streams.contracts.registry import RegistryUnavailable, Schemas, UnknownSchema
from streams.contracts.settings import Settings
from streams.runtime.registry import registry


class Unreadable(Exception):
    """These bytes are no Avro record in the wire format; the message says why."""


class Readable:
    """Any value of any topic as a plain row, whatever version of its schema it has."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._parsed = cache(self._parse)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(registry(settings))

    def row(self, value: bytes | None) -> dict[str, Any]:
        """Fields by name; raises Unreadable, and RegistryUnavailable where the schema cannot be had."""
        if not value or value[0] or len(value) < 5:
            raise Unreadable("not in the Confluent wire format")
        try:
            found = schemaless_reader(BytesIO(value[5:]), self._parsed(int.from_bytes(value[1:5], "big")), None)
        except UnknownSchema as error:
            raise Unreadable(str(error)) from error
        except (EOFError, *bounded.FOREIGN) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        return found if isinstance(found, dict) else {"value": found}

    def value(self, value: bytes | None) -> Any:
        """The row, or whatever else the bytes can be shown as."""
        try:
            return self.row(value)
        except (Unreadable, RegistryUnavailable):
            return _text(value)

    def _parse(self, number: int) -> Any:
        found = parse_schema(self._schemas.by_id(number))
        bounded.check(found)
        return found


def _text(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value.decode(errors="backslashreplace")
