"""Avro in Confluent's framing with fastavro alone, as anybody would write it: for the bare loop and Python peers."""

from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from tests.bench.card import Card


class Avro:
    """Dicts to bytes and back, by topic."""

    def __init__(self, card: Card) -> None:
        self._schemas = {topic: parse_schema(schema) for topic, schema in card.schemas.items()}
        self._heads = {topic: b"\0" + number.to_bytes(4, "big") for topic, number in card.ids.items()}

    def decoded(self, topic: str, value: bytes) -> dict[str, Any]:
        body = BytesIO(value)
        body.seek(5)
        return schemaless_reader(body, self._schemas[topic], None)  # type: ignore[return-value]

    def encoded(self, topic: str, fields: dict[str, Any]) -> bytes:
        body = BytesIO()
        body.write(self._heads[topic])
        schemaless_writer(body, self._schemas[topic], fields)
        return body.getvalue()
