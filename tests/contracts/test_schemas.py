"""schemas/ is what contracts.md promises, and what domain/events.py says."""

from dataclasses import fields
from typing import Any

import pytest
from fastavro import parse_schema

from streams.contracts.compatibility import problems
from streams.contracts.compiled_decoder import decoder
from streams.contracts.compiled_encoder import encoder
from tests.contracts.samples import EVENTS, RECORDS, SCHEMAS

LISTED = {
    "OrderPlaced": "order_id customer items total_cents priority placed_at",
    "OrderCancelled": "order_id reason",
    "ProviderProfile": "provider_id categories city state accepting",
    "ProviderAcceptedLead": "lead_id provider_id",
    "ProviderDeclinedLead": "lead_id provider_id reason",
    "LeadOffered": "lead_id order_id provider_id wave expires_at",
    "LeadAccepted": "lead_id order_id provider_id wave accepted_at",
    "AcceptanceRefused": "lead_id provider_id reason",
    "LeadWidened": "lead_id order_id wave",
    "LeadEscalated": "lead_id order_id reasons",
    "LeadExpired": "lead_id order_id expired_at",
    "LeadCancelled": "lead_id order_id reason",
    "LeadOfferWithdrawn": "lead_id order_id provider_id reason",
    "ReceiptRequested": "order_id",
    "OrderScreened": "order_id",
}


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
def test_a_schema_has_the_fields_of_its_class_and_a_doc(cls: type) -> None:
    schema = SCHEMAS[cls.__name__]
    assert [f["name"] for f in schema["fields"]] == [f.name for f in fields(cls) if f.name != "time"]
    assert schema["doc"]


@pytest.mark.parametrize("record", LISTED)
def test_the_listed_fields_suffice_to_write_a_public_record(record: str) -> None:
    required = {f["name"] for f in SCHEMAS[record]["fields"] if "default" not in f}
    assert required <= set(LISTED[record].split()) <= {f["name"] for f in SCHEMAS[record]["fields"]}


def test_a_slip_needs_no_field_after_remaining() -> None:
    required = [f["name"] for f in SCHEMAS["LeadSlip"]["fields"] if "default" not in f]
    assert required == ["lead_id", "lead", "wave", "expires_at", "remaining"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_text_stands_alone_and_can_be_published(name: str) -> None:
    parse_schema(SCHEMAS[name])
    assert problems(SCHEMAS[name], [SCHEMAS[name]]) == []


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
def test_every_record_has_a_compiled_codec(cls: type) -> None:
    decoder(SCHEMAS[cls.__name__], cls)
    encoder(SCHEMAS[cls.__name__], cls)


def test_no_offer_identifies_the_customer() -> None:
    def names(schema: Any) -> set[str]:
        if isinstance(schema, dict):
            return {str(schema.get("name", ""))}.union(*(names(part) for part in schema.values()))
        return set().union(*(names(part) for part in schema)) if isinstance(schema, list) else set()

    assert not names(SCHEMAS["LeadOffered"]) & {"customer", "customer_id", "zip_prefix"}


def test_no_event_is_without_a_schema() -> None:
    assert {cls.__name__ for cls in EVENTS} <= set(SCHEMAS)
