"""A partner is told what its stanza says and no more: some events, some fields under other names, no personal data.

The shipped engine on a Kafka in memory; the maps are written here, as an operator writes them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams import partners
from streams.contracts import current
from streams.domain.delivery import Delivery, Mapped
from streams.domain.effects import Effect
from streams.domain.events import Customer, LeadOffered, OrderPlaced, ReceiptRequested
from streams.domain.failure import TryLater
from streams.testing import Flow
from tests.subscribers.orders import order

ROOT = Path(__file__).parents[2]
ACME = "acme"
ORDERS, RECEIPTS, OFFERS = "order.placed.v1", "notification.receipt.v1", "lead.offered.v1"
MINUTE = timedelta(minutes=1)
WHEN = datetime(2026, 11, 22, 14, 3, 5, 120_000, UTC)


class Listener:
    """A partner: what reached it; it fails as it is told."""

    def __init__(self) -> None:
        self.heard: list[Delivery] = []
        self.failures: list[Exception] = []

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        self.heard.append(message)
        if self.failures:
            raise self.failures.pop(0)
        return ()

    async def close(self) -> None:
        """It keeps nothing open."""

    @property
    def fields(self) -> list[Any]:
        return [dict(message.fields) for message in self.heard]


Told = Callable[..., Any]


@pytest.fixture
def partner() -> Listener:
    return Listener()


@pytest.fixture
def told(tmp_path: Path, partner: Listener, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A flow with one partner, acme, whose stanza has these keys besides `on` and `channel`."""

    @contextmanager
    def flow(*heard: str, **keys: Any) -> Iterator[Flow]:
        wanted = yaml.safe_load((ROOT / "tests/map.yaml").read_text(encoding="utf-8"))
        channel = {"kafka": "same", "topic": "acme.incoming"}
        wanted["partners"][ACME] = {"on": list(heard), "channel": channel, "retry": "quick"} | keys
        file = tmp_path / "topology.yaml"
        file.write_text(yaml.safe_dump(wanted, sort_keys=False), encoding="utf-8")
        monkeypatch.setenv("CROSSDOCK_TOPOLOGY", str(file))
        current.topology.cache_clear()
        partners.app_of.cache_clear()
        with Flow(ACME, channels={ACME: partner}) as made:
            yield made

    yield flow
    partners.app_of.cache_clear()


def placed(order_id: str, state: str = "SP", total_cents: int = 20_000) -> OrderPlaced:
    customer = Customer(customer_id="c-17", city="campinas", state=state, zip_prefix="13010")
    more = {"customer": customer, "total_cents": total_cents, "placed_at": WHEN}
    return replace(order("toys"), order_id=order_id, **more)  # type: ignore[arg-type]


def test_of_an_event_without_a_mapping_everything_leaves_but_personal_data(told: Told, partner: Listener) -> None:
    with told(ORDERS) as flow:
        flow.send(placed("a"))
        flow.settle()
        (kept,) = flow.events(f"{ACME}.{ORDERS}")
    (message,) = partner.heard
    assert message.fields["customer"] == {"customer_id": "", "city": "campinas", "state": "SP", "zip_prefix": ""}
    assert (message.fields["order_id"], message.fields["total_cents"]) == ("a", 20_000)
    assert kept == message.record == replace(
        placed("a"), customer=Customer(customer_id="", city="campinas", state="SP", zip_prefix="")
    ), "nor does it lie in the partner's own topic"


def test_personal_data_leaves_where_the_stanza_names_it(told: Told, partner: Listener) -> None:
    with told(ORDERS, RECEIPTS, pii=["customer.zip_prefix"]) as flow:
        flow.send(placed("a"), ReceiptRequested(order_id="a", customer_id="c-17", total_cents=1, item_count=1))
        flow.settle()
    said = {message.type: message.fields for message in partner.heard}
    assert said[ORDERS]["customer"] == {"customer_id": "", "city": "campinas", "state": "SP", "zip_prefix": "13010"}
    assert said[RECEIPTS]["customer_id"] == ""


def test_only_the_named_fields_leave_under_their_new_names(told: Told, partner: Listener) -> None:
    fields = {
        "order": "order_id",
        "class": "priority",
        "kinds": "items.category",
        "zip": "customer.zip_prefix",
        "who": "customer",
        "placed": "placed_at",
        "total": {"cel": "double(event.total_cents) / 100.0", "type": "double"},
        "note": {"cel": "event.customer.city + ' ' + event.customer.customer_id", "type": "string"},
    }
    with told(ORDERS, fields=fields) as flow:
        flow.send(placed("a"))
        flow.settle()
        (kept,) = flow.events(f"{ACME}.{ORDERS}")
    (message,) = partner.heard
    assert message.fields == {
        "order": "a",
        "class": "standard",
        "kinds": ["toys"],
        "zip": "13010",
        "who": {"customer_id": "", "city": "campinas", "state": "SP", "zip_prefix": ""},
        "placed": "2026-11-22T14:03:05.120Z",
        "total": 200.0,
        "note": "campinas c-17",
    }
    assert list(message.fields) == list(fields), "in the order of the stanza"
    assert (message.key, message.type) == ("a", ORDERS)
    assert kept == message.record
    assert isinstance(kept, Mapped)
    assert b"c-17" in message.raw, "named by an expression"
    assert message.raw.count(b"c-17") == 1, "and by nothing else"


def test_only_events_that_fit_leave_and_the_others_are_done(told: Told, partner: Listener) -> None:
    where = "event.total_cents >= 10000 && event.customer.state == 'SP'"
    with told(ORDERS, where=where) as flow:
        flow.send(placed("a"), placed("b", state="RJ"), placed("c", total_cents=9_999), placed("d"))
        flow.settle()
        assert [record.key for record in flow.records(f"{ACME}.{ORDERS}")].count(b"b") == 0
        assert flow.dead_letters(ACME) == []
    assert sorted(message.key or "" for message in partner.heard) == ["a", "d"]


def test_each_event_may_have_its_own_words(told: Told, partner: Listener) -> None:
    where = {ORDERS: "event.priority == 'priority'"}
    fields = {RECEIPTS: {"id": "order_id", "cents": "total_cents"}}
    with told(ORDERS, RECEIPTS, where=where, fields=fields) as flow:
        flow.send(placed("a"), replace(placed("b"), priority="priority"))
        flow.send(ReceiptRequested(order_id="a", customer_id="c-17", total_cents=1, item_count=1))
        flow.settle()
    said = {(message.type, message.key): message.fields for message in partner.heard}
    assert said.keys() == {(ORDERS, "b"), (RECEIPTS, "a")}
    assert said[RECEIPTS, "a"] == {"id": "a", "cents": 1}
    assert said[ORDERS, "b"]["order_id"] == "b"


def test_an_expression_without_an_answer_is_a_failure_of_that_record(told: Told, partner: Listener) -> None:
    with told(ORDERS, where="100000 / event.total_cents > 1") as flow:
        flow.send(placed("none", total_cents=0), placed("some"))
        flow.settle()
        assert [message.key for message in partner.heard] == ["some"]
        flow.advance(2 * MINUTE)
        (letter,) = flow.dead_letters(ACME)
    assert (letter.key, letter.facts.stage, letter.facts.attempts) == ("none", "handle", 4)
    assert "divide by zero" in letter.facts.error_message
    assert [message.key for message in partner.heard] == ["some"]


def test_a_deadline_ends_a_delivery_under_whatever_name_it_leaves(told: Told, partner: Listener) -> None:
    with told(OFFERS, fields={"lead": "lead_id", "until": "expires_at"}) as flow:
        soon = flow.clock.now() + timedelta(seconds=3)
        flow.send(LeadOffered(lead_id="l", order_id="o", provider_id="p", wave=1, expires_at=soon))
        partner.failures = [ValueError("not now")] * 9
        flow.settle()
        flow.advance(2 * MINUTE)
        (letter,) = flow.dead_letters(ACME)
    assert (letter.facts.error_type, letter.facts.attempts, len(partner.heard)) == ("Deadline", 2, 2)
    assert partner.fields[0].keys() == {"lead", "until"}


def test_what_failed_is_tried_again_in_the_same_words_under_the_same_id(told: Told, partner: Listener) -> None:
    with told(ORDERS, fields={"order": "order_id"}) as flow:
        partner.failures = [TryLater(reason="busy")]
        flow.send(placed("a"))
        flow.settle()
        flow.advance(MINUTE)
    first, second = partner.heard
    assert (first.id, first.fields, first.raw) == (second.id, second.fields, second.raw)
    assert first.fields == {"order": "a"}


def test_times_are_times_in_a_mapped_record(told: Told, partner: Listener) -> None:
    fields = {"placed": "placed_at", "again": {"cel": "event.placed_at", "type": "timestamp"}}
    with told(ORDERS, fields=fields) as flow:
        flow.send(placed("a"))
        flow.settle()
    assert partner.fields == [{"placed": "2026-11-22T14:03:05.120Z", "again": "2026-11-22T14:03:05.120Z"}]
    record = partner.heard[0].record
    assert isinstance(record, Mapped)
    assert record.fields == {"placed": WHEN, "again": WHEN}
