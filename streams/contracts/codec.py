"""Records to bytes and back: Avro in the Confluent wire format (byte 0, four bytes schema id, body)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from streams.contracts.names import Names
from streams.contracts.records import Row, Shape, WrongType, shape_of
from streams.contracts.registry import RegistryUnavailable, Schema, Schemas, UnknownSchema
from streams.domain import events
from streams.domain.events import Event

MAGIC = b"\0"


class Undecodable(Exception):
    """These bytes are no record of this topic and never will be; the message says why."""


class Unencodable(Exception):
    """This record cannot be written to this topic; the message names record and field."""


class Codec:
    """`local` maps each logical topic to the schema of its record as schemas/ has it: the reader's schema.

    `types` maps record names to the classes that decode makes of them; without it they are those of domain/events.
    """

    def __init__(
        self, schemas: Schemas, names: Names, local: Mapping[str, Schema], types: Mapping[str, type] | None = None
    ) -> None:
        self._schemas, self._names, self._local = schemas, names, local
        self._types = vars(events) if types is None else types
        self._readers: dict[tuple[str, int], Callable[[bytes, datetime], Any]] = {}
        self._writers: dict[tuple[str, int], Callable[[Any], bytes]] = {}

    def decode(self, topic: str, value: bytes | None, time: datetime) -> Event:
        """The record of these bytes with `time` as its append time.

        Raises Undecodable; UnknownSchema and RegistryUnavailable where the registry says so; nothing else.
        """
        if value is None or len(value) < 5 or value[0]:
            raise Undecodable(_not_ours(value))
        key = topic, int.from_bytes(value[1:5], "big")
        try:
            read = self._readers.get(key) or self._reader(*key)
            return read(value, time)  # type: ignore[no-any-return]
        except (Undecodable, UnknownSchema, RegistryUnavailable):
            raise
        except Exception as error:
            raise Undecodable(f"{topic}: {type(error).__name__}: {error}"[:500]) from error

    def encode(self, topic: str, record: Any) -> bytes:
        """The bytes of a record, written with the latest schema of its topic's subject.

        Raises Unencodable, or RegistryUnavailable.
        """
        number, schema = self._schemas.latest(self._names.subject(topic))
        write = self._writers.get((topic, number)) or self._writer(topic, number, schema)
        return write(record)

    def _reader(self, topic: str, number: int) -> Callable[[bytes, datetime], Any]:
        written, local = self._schemas.by_id(number), self._local[topic]
        writer, reader = parse_schema(written), parse_schema(local)
        shape = shape_of(self._types[local["name"]])
        resolved = None if meaning(written) == meaning(local) else reader

        def read(value: bytes, time: datetime) -> Any:
            body = BytesIO(value)
            body.seek(5)
            row: Row = schemaless_reader(body, writer, resolved)  # type: ignore[assignment]
            if body.tell() != len(value):
                raise Undecodable(f"{topic}: {len(value) - body.tell()} bytes left over after the record")
            if shape.has_time:
                row["time"] = time
            return shape.made(row)

        self._readers[topic, number] = read
        return read

    def _writer(self, topic: str, number: int, schema: Schema) -> Callable[[Any], bytes]:
        wanted = self._local[topic]["name"]
        if schema.get("name") != wanted:
            raise Unencodable(f"the latest schema of {topic} is {schema.get('name')}, not {wanted}")
        parsed, head, shape = parse_schema(schema), MAGIC + number.to_bytes(4, "big"), shape_of(self._types[wanted])

        def write(record: Any) -> bytes:
            if type(record) is not shape.record:
                raise Unencodable(f"{topic} carries {wanted}, not {type(record).__name__}")
            body = BytesIO()
            body.write(head)
            try:
                schemaless_writer(body, parsed, shape.row(record))
            except (TypeError, ValueError, AttributeError, OverflowError) as error:
                raise Unencodable(_fault(record, shape, parsed, error)) from error
            return body.getvalue()

        self._writers[topic, number] = write
        return write


def meaning(schema: Schema) -> Schema:
    """The schema without its docs: what two texts must share to be read without resolution."""
    if isinstance(schema, dict):
        return {name: meaning(part) for name, part in schema.items() if name != "doc"}
    return [meaning(part) for part in schema] if isinstance(schema, list) else schema


def _not_ours(value: bytes | None) -> str:
    if value is None:
        return "there is no value"
    if len(value) < 5:
        return f"{len(value)} bytes are too few for the Confluent wire format, which begins with five"
    return f"byte 0 is {value[0]}, not 0 as in the Confluent wire format"


def _fault(record: Any, shape: Shape, schema: Any, error: Exception) -> str:
    """Names the first field that cannot be written alone."""
    if isinstance(error, WrongType):
        return str(error)
    row = shape.row(record)
    for field in schema["fields"]:
        try:
            schemaless_writer(BytesIO(), {"type": "record", "name": "Alone", "fields": [field]}, row)
        except (TypeError, ValueError, AttributeError, OverflowError) as cause:
            return f"{schema['name']}.{field['name']}: {cause}"
    return f"{schema['name']}: {error}"
