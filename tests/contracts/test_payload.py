"""A message as partners other than webhooks get it."""

import json
from dataclasses import replace

from streams.contracts.payload import attributes, payload
from tests.channels.deliveries import FIELDS, delivery

HEADERS = {
    "ce_id": b"id-1",
    "ce_source": b"acme",
    "ce_correlationid": b"order-1",
    "ce_causationid": b"cause-1",
    "traceparent": b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
}
REQUIRED = {"specversion": "1.0", "id": "id-1", "type": "lead.accepted.v1", "time": "2026-11-22T14:03:05.120Z"}
KEY = {"subject": "lead-1", "partitionkey": "lead-1"}


def test_cloudevents_is_the_records_fields_in_an_envelope_of_its_attributes() -> None:
    content_type, body = payload(delivery("id-1", **HEADERS), "cloudevents")
    assert content_type == "application/cloudevents+json"
    traced = {"correlationid": "order-1", "causationid": "cause-1", "traceparent": HEADERS["traceparent"].decode()}
    assert json.loads(body) == {
        **REQUIRED, **KEY, **traced, "source": "acme", "datacontenttype": "application/json", "data": FIELDS,
    }  # fmt: skip


def test_avro_is_the_records_own_bytes() -> None:
    assert payload(delivery(raw=b"\0\0\0\0\7bytes"), "avro") == ("application/avro", b"\0\0\0\0\7bytes")


def test_a_record_without_headers_or_key_has_the_attributes_that_may_not_be_missing() -> None:
    assert attributes(replace(delivery("id-1"), key=None)) == {**REQUIRED, "source": "crossdock"}


def test_letters_beyond_ascii_stay_readable() -> None:
    _, body = payload(replace(delivery(), fields={"city": "São Paulo"}), "cloudevents")
    assert "São Paulo" in body.decode()
