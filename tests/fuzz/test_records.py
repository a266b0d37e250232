"""Records: whatever stands in key, value and headers, the engine goes on, and nothing of it is lost."""

from dataclasses import replace
from typing import Any

from hypothesis import example
from hypothesis import strategies as st

from streams.contracts.facts import original
from streams.domain.events import LeadAccepted, OrderPlaced, ProviderAcceptedLead
from tests.contracts.samples import APPENDED, SCHEMAS, TYPES, codec, made
from tests.fuzz.properties import fuzz
from tests.fuzz.strategies import BYTES, spliced
from tests.fuzz.system import System, system
from tests.subscribers.orders import order

ORDERS, RECEIPTS = "order.placed.v1", "notification.receipt.v1"
ANSWERS, REFUSALS = "provider.accepted.v1", "lead.refused.v1"
OWN_NAMES = ["ce_id", "ce_correlationid", "traceparent", "xd_stage", "xd_topic", "xd_due_at", "xd_command", "ce_time"]
HEADERS = st.lists(st.tuples(st.one_of(st.sampled_from(OWN_NAMES), st.text(max_size=9)), st.none() | BYTES), max_size=6)
KEYS = st.none() | BYTES
CODEC, _ = codec()
ACCEPTED = LeadAccepted(lead_id="l", order_id="o", provider_id="p", wave=1, accepted_at=APPENDED)
ANSWER = ProviderAcceptedLead(lead_id="l", provider_id="p")
HEARD = [
    "OrderPlaced",
    "StartLead",
    "WidenLead",
    "LeadSlip",
    "ProviderAcceptedLead",
    "ProviderDeclinedLead",
    "CancelLead",
]
Headers = list[tuple[str, bytes | None]]


def values(record: Any) -> st.SearchStrategy[bytes | None]:
    """Noise, and values of such records with a few bytes changed (the schema's id is set by `numbered`)."""
    return st.one_of(st.none(), BYTES, spliced(CODEC.encode(type(record).__name__, record)))


def numbered(app: System, like: Any, topic: str, value: bytes | None) -> bytes | None:
    """The value with the id that this system's registry gave the topic's schema, if it has any."""
    head = app.flow.codec.encode(topic, like)[:5]
    return head + value[5:] if value and value[:4] == b"\0\0\0\0" else value


def any_of(record: type) -> st.SearchStrategy[Any]:
    return made(record, SCHEMAS[record.__name__])


@fuzz("records", 30, key=KEYS, value=values(order("toys")), headers=HEADERS)
def test_noise_among_orders_is_buried_whole_and_its_neighbour_is_handled(
    key: bytes | None, value: bytes | None, headers: Headers
) -> None:
    app = system("notifications")
    neighbour = app.renew()
    value = numbered(app, order("toys"), ORDERS, value)
    app.write(ORDERS, key, value, headers)
    app.settle(replace(order("toys"), order_id=neighbour))
    receipts, letters = app.news(RECEIPTS), app.letters("notifications")
    assert [one.key for one in receipts].count(neighbour.encode()) == 1
    assert len(receipts) + len(letters) == 2
    for letter in letters:
        assert (letter.key, letter.value, original(letter.headers)) == (key, value, headers)


@fuzz("records", 25, key=KEYS, value=values(ACCEPTED), headers=HEADERS, is_own=st.booleans())
def test_noise_among_a_partners_records_is_buried_whole_and_its_neighbour_is_delivered(
    key: bytes | None, value: bytes | None, headers: Headers, is_own: bool
) -> None:
    app, source = system("partner_x"), "lead.accepted.v1"
    topic = f"partner_x.{source}" if is_own else source
    neighbour, value = app.renew(), numbered(app, ACCEPTED, topic, value)
    app.write(topic, key, value, headers)
    app.settle(replace(ACCEPTED, lead_id=neighbour))
    letters, taken = app.letters("partner_x"), app.taken()
    assert [delivery.key for delivery in taken].count(neighbour) == 1
    assert len(taken) + len(letters) == 2
    for letter in letters:
        assert (letter.key, letter.value) == (key, value)


@fuzz("records", 20, record=st.sampled_from(HEARD).flatmap(lambda name: any_of(TYPES[name])), key=KEYS)
def test_a_well_formed_record_of_any_values_changes_nothing_for_others(record: Any, key: bytes | None) -> None:
    app = system("leads", "matching", "lead.match", "lead.start")
    neighbour = app.renew()
    for topic in (spec.topic for spec in app.flow.topology.topics_of(type(record).__name__)):
        for one in (key, record.order_id.encode() if isinstance(record, OrderPlaced) else record.lead_id.encode()):
            app.write(topic, one, app.flow.codec.encode(topic, record), partition=-1)
    app.settle(ProviderAcceptedLead(lead_id=neighbour, provider_id="p"))
    assert [one.key for one in app.news(REFUSALS)].count(neighbour.encode()) == 1


@fuzz("records", 20, key=KEYS, value=values(ANSWER), headers=HEADERS)
@example(key=b"l", value=None, headers=[])
def test_noise_among_answers_leaves_the_saga_working(key: bytes | None, value: bytes | None, headers: Headers) -> None:
    app = system("leads")
    neighbour, value = app.renew(), numbered(app, ANSWER, ANSWERS, value)
    app.write(ANSWERS, key, value, headers)
    app.settle(ProviderAcceptedLead(lead_id=neighbour, provider_id="p"))
    refusals, letters = app.news(REFUSALS), app.letters("leads")
    assert [one.key for one in refusals].count(neighbour.encode()) == 1
    assert all((one.key, one.value, original(one.headers)) == (key, value, headers) for one in letters)
    assert len(refusals) + len(letters) == 2 or not letters  # the same answer twice is answered once
