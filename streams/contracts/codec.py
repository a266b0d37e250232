"""Records to bytes and back: Avro in the Confluent wire format (byte 0, four bytes schema id, body)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from streams.contracts import bounded, records
from streams.contracts.compiled_decoder import decoder
from streams.contracts.compiled_encoder import encoder
from streams.contracts.mapped import shape
from streams.contracts.names import Names
from streams.contracts.partner_schema import is_mapped
from streams.contracts.registry import RegistryUnavailable, Schema, Schemas, UnknownSchema
from streams.contracts.source import Unsupported
from streams.domain import commands, events
from streams.domain.delivery import Mapped
from streams.domain.events import Event

Read = Callable[[bytes, datetime], Any]
Write = Callable[[bytes, Any], bytes]
MAGIC = b"\0"
HEAD = 5
_NOTES = ("doc", "pii")
UNUSUAL = (TypeError, ValueError, AttributeError, LookupError, OverflowError)


class Undecodable(Exception):
    """These bytes are no record of this topic and never will be; the message says why."""


class Unencodable(Exception):
    """This record cannot be written to this topic; the message names record and field."""


class Codec:
    """`local` maps each logical topic to the schema of its record as schemas/ has it: the reader's schema.

    `types` maps record names to the classes that decode makes of them; without it they are the domain's.
    Every schema id has its functions, made when it is first met: compiled ones where its schema is the local one.
    """

    def __init__(
        self, schemas: Schemas, names: Names, local: Mapping[str, Schema], types: Mapping[str, type] | None = None
    ) -> None:
        self._schemas, self._names, self._local = schemas, names, local
        self._types = vars(events) | vars(commands) if types is None else types
        self._readers: dict[tuple[str, bytes], Read] = {}
        self._writers: dict[tuple[str, int], tuple[bytes, Write]] = {}

    def decode(self, topic: str, value: bytes | None, time: datetime) -> Event:
        """The record of these bytes with `time` as its append time.

        Raises Undecodable; UnknownSchema and RegistryUnavailable where the registry says so; nothing else.
        """
        if value is None:
            raise Undecodable(f"{topic}: there is no value")
        try:
            read = self._readers.get((topic, value[:HEAD])) or self._reader(topic, value[:HEAD])
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
        head, write = self._writers.get((topic, number)) or self._writer(topic, number, schema)
        return write(head, record)

    def _reader(self, topic: str, head: bytes) -> Read:
        if len(head) < HEAD or head[0]:
            raise Undecodable(f"{topic}: {_not_ours(head)}")
        written, local = self._schemas.by_id(int.from_bytes(head[1:], "big")), self._local[topic]
        record, made, _ = self._shape(local)
        read = _careful_reader(topic, written, local, made)
        if record is not Mapped and _meaning(written) == _meaning(local):
            read = _or_else(_compiled(decoder, local, record), read)
        self._readers[topic, head] = read
        return read

    def _writer(self, topic: str, number: int, schema: Schema) -> tuple[bytes, Write]:
        local = self._local[topic]
        written = schema.get("name") if isinstance(schema, dict) else schema
        if written != local["name"]:
            raise Unencodable(f"the latest schema of {topic} is {written}, not {local['name']}")
        record, _, row = self._shape(local)
        write = _careful_writer(topic, schema, record, row)
        if record is not Mapped and _meaning(schema) == _meaning(local):
            write = _or_else(_compiled(encoder, local, record), write)
        self._writers[topic, number] = MAGIC + number.to_bytes(4, "big"), write
        return self._writers[topic, number]

    def _shape(self, local: Schema) -> tuple[type, Callable[[records.Row], Any], Callable[[Any], records.Row]]:
        """The class of a topic's records, how one is made of a row, and a row of one."""
        if is_mapped(local):
            return Mapped, *shape(local, self._types)
        record = self._types[local["name"]]
        return record, partial(records.made, record), records.row


def _careful_reader(topic: str, written: Schema, local: Schema, made: Callable[[records.Row], Any]) -> Read:
    """Reads with fastavro and Avro's schema resolution; what it cannot read is undecodable."""
    writer, reader = parse_schema(written), parse_schema(local)
    bounded.check(writer)

    def read(value: bytes, time: datetime) -> Any:
        body = BytesIO(value)
        body.seek(HEAD)
        found: Any = schemaless_reader(body, writer, reader)
        if body.tell() != len(value):
            raise Undecodable(f"{topic}: {len(value) - body.tell()} bytes left over after the record")
        event = made(found)
        if records.has_time(type(event)):
            event.time = time
        return event

    return read


def _careful_writer(topic: str, schema: Schema, record: type, row: Callable[[Any], records.Row]) -> Write:
    """Writes with fastavro, which fills fields that we do not know from their defaults; says what it cannot write."""
    try:
        parsed = parse_schema(schema)
    except bounded.FOREIGN as error:
        raise Unencodable(f"the latest schema of {topic} is none: {type(error).__name__}: {error}") from error

    def write(head: bytes, event: Any) -> bytes:
        if not isinstance(event, record):
            raise Unencodable(f"{topic} carries {record.__name__}, not {type(event).__name__}")
        body = BytesIO()
        body.write(head)
        try:
            schemaless_writer(body, parsed, row(event))
        except records.WrongType as error:
            raise Unencodable(str(error)) from error
        except UNUSUAL as error:
            raise Unencodable(_fault(topic, parsed, row(event), error)) from error
        return body.getvalue()

    return write


def _compiled(compiler: Callable[[Schema, type], Any], local: Schema, record: type) -> Any:
    try:
        return compiler(local, record)
    except Unsupported:
        return None


def _or_else(fast: Callable[[Any, Any], Any] | None, careful: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The compiled function; what it finds unusual is judged by the careful one."""
    if fast is None:
        return careful

    def either(first: Any, second: Any) -> Any:
        try:
            return fast(first, second)
        except UNUSUAL:
            return careful(first, second)

    return either


def _meaning(schema: Schema) -> Schema:
    """The schema without its notes: what two texts must share to be read without resolution."""
    if isinstance(schema, dict):
        return {name: _meaning(part) for name, part in schema.items() if name not in _NOTES}
    return [_meaning(part) for part in schema] if isinstance(schema, list) else schema


def _not_ours(head: bytes) -> str:
    if len(head) < HEAD:
        return f"{len(head)} bytes are too few for the Confluent wire format, which begins with five"
    return f"byte 0 is {head[0]}, not 0 as in the Confluent wire format"


def _fault(topic: str, schema: Any, row: records.Row, error: Exception) -> str:
    """Names the first field that cannot be written alone."""
    if not isinstance(schema, dict) or "fields" not in schema:
        return f"the latest schema of {topic} is no record: {error}"
    record = schema["name"].rpartition(".")[2]
    for field in schema["fields"]:
        try:
            schemaless_writer(BytesIO(), {"type": "record", "name": "Alone", "fields": [field]}, row)
        except UNUSUAL as cause:
            return f"{record}.{field['name']}: {cause}"
    return f"{record}: {error}"
