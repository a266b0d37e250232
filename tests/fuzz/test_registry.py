"""Registries and schema files: whatever they answer or hold, it is a schema, or it is told which one cannot be used."""

import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from avro.errors import AvroWarning
from hypothesis import example
from hypothesis import strategies as st

from streams.contracts import schema_files
from streams.contracts.codec import Codec, Undecodable, Unencodable
from streams.contracts.compatibility import problems
from streams.contracts.names import Names
from streams.contracts.registry import Book, Refused, UnknownSchema
from streams.contracts.topology_file import ROOT, TopologyError, load
from streams.ops.readable import Readable, Unreadable
from tests.contracts.samples import APPENDED, SCHEMAS, TYPES
from tests.fuzz.properties import fuzz, tells
from tests.fuzz.schemas import schemas
from tests.fuzz.strategies import BYTES, spliced
from tests.subscribers.orders import order

RECORD = "OrderPlaced"
TOPOLOGY = load(ROOT / "tests/map.yaml")
KEY = b'{"keytype":"SCHEMA","subject":"OrderPlaced-value","version":1,"magic":1}'
VALUE = b'{"subject":"OrderPlaced-value","version":1,"id":1,"schema":"{\\"type\\":\\"string\\"}","deleted":false}'


class Answers:
    """A registry that has one schema and gives it to everybody."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema

    def latest(self, subject: str) -> tuple[int, Any]:
        return 1, self._schema

    def by_id(self, number: int) -> Any:
        return self._schema


@fuzz("registry", 60, schema=schemas(RECORD), body=st.binary(max_size=60))
def test_a_record_under_any_schema_is_read_or_undecodable(schema: Any, body: bytes) -> None:
    codec = Codec(Answers(schema), Names(), {RECORD: SCHEMAS[RECORD]}, TYPES)
    try:
        assert type(codec.decode(RECORD, b"\0\0\0\0\1" + body, APPENDED)).__name__ == RECORD
    except (Undecodable, UnknownSchema) as error:
        tells(error, RECORD)


@fuzz("registry", 60, schema=schemas(RECORD))
@example(schema={"type": "record", "name": RECORD})
@example(schema={"type": "record", "name": RECORD, "fields": [{"name": "x", "type": "nonsense"}]})
@example(schema={"type": "long", "name": RECORD})
def test_a_record_under_any_latest_schema_is_written_or_unencodable(schema: Any) -> None:
    codec = Codec(Answers(schema), Names(), {RECORD: SCHEMAS[RECORD]}, TYPES)
    try:
        assert codec.encode(RECORD, order("toys"))[:5] == b"\0\0\0\0\1"
    except Unencodable as error:
        tells(error, RECORD)


@fuzz("registry", 40, schema=schemas(RECORD), body=st.binary(max_size=60))
def test_a_verb_shows_a_value_of_any_schema(schema: Any, body: bytes) -> None:
    readable = Readable(Answers(schema))
    readable.value(b"\0\0\0\0\1" + body)
    try:
        assert isinstance(readable.row(b"\0\0\0\0\1" + body), dict)
    except Unreadable as error:
        tells(error)


@fuzz("registry", 60, records=st.lists(st.tuples(spliced(KEY) | BYTES, spliced(VALUE) | BYTES | st.none()), max_size=5))
@example(records=[(KEY, VALUE.replace(b'"id":1', b'"id":-1')), (KEY.replace(b'"version":1', b'"version":true'), VALUE)])
def test_whatever_stands_in_the_topic_of_schemas_publishing_goes_on(records: list[tuple[bytes, bytes | None]]) -> None:
    book = Book()
    for record in records:
        book.apply(*record)
    wanted = {f"{RECORD}-value": SCHEMAS[RECORD]}
    try:
        for key, value in book.entries(wanted):
            book.apply(key, value)
    except Refused as error:
        return tells(error, f"{RECORD}-value")
    assert book.latest(f"{RECORD}-value") is not None
    assert book.ids(wanted)


@fuzz("registry", 40, new=schemas(RECORD), old=schemas(RECORD))
@example(new=[], old=None)
@example(new=[], old="null")
@example(new="string", old={"type": []})
@example(new={"type": "fixed", "name": "F", "size": "x"}, old="null")
def test_any_two_schemas_fit_or_it_is_said_why_not(new: Any, old: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AvroWarning)  # of logical types that it does not know
        assert all(isinstance(reason, str) and reason for reason in problems(new, [old]))


@fuzz("schema files", 40, text=st.one_of(schemas(RECORD).map(lambda schema: json.dumps(schema).encode()), BYTES))
@example(text=b"[" * 100_000)
@example(text=b'{"type": "record", "name": "OrderPlaced", "fields": [], "state_of": 5}')
@example(text=b'{"type": "record", "name": "OrderPlaced", "fields": 5}')
def test_a_schema_file_is_one_or_is_told_by_its_name(text: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / f"{RECORD}.avsc").write_bytes(text)
        try:
            schema_files.of_topics({**SCHEMAS, **schema_files.load(Path(folder))}, TOPOLOGY)
        except schema_files.SchemaFileError as error:
            tells(error, RECORD)


@fuzz("schema files", 3, text=st.one_of(schemas(RECORD).map(lambda schema: json.dumps(schema).encode()), BYTES))
@example(text=b"[" * 100_000)
def test_a_map_over_any_schema_file_is_told_what_it_lacks(text: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "schemas").mkdir()
        (Path(folder) / "schemas" / f"{RECORD}.avsc").write_bytes(text)
        with pytest.raises(TopologyError, match=r"there is no schemas/LeadOffered\.avsc"):
            load(ROOT / "tests/map.yaml", Path(folder))
