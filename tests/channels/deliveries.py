"""Deliveries for the tests of channels."""

from dataclasses import replace
from datetime import UTC, datetime

from streams.domain.delivery import Delivery
from streams.domain.events import LeadAccepted

TIME = datetime(2026, 11, 22, 14, 3, 5, 120_000, tzinfo=UTC)
FIELDS = {"lead_id": "lead-1", "order_id": "1", "provider_id": "p", "accepted_at": "2026-11-22T14:03:05.120Z"}
RECORD = LeadAccepted(lead_id="lead-1", order_id="1", provider_id="p", wave=1, accepted_at=TIME)


def delivery(number: str = "id-1", raw: bytes = b"\0\0\0\0\1x", **headers: bytes) -> Delivery:
    return Delivery(number, "lead.accepted.v1", TIME, "lead-1", RECORD, FIELDS, raw, list(headers.items()))


def of_key(key: str, number: str) -> Delivery:
    return replace(delivery(number), key=key, fields=FIELDS | {"lead_id": key})
