"""Records as large as their topics take, and larger."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from streams.domain.events import OrderPlaced
from tests.flow import Flow, placed, small, under_orders
from tests.worker import until

ORDERS, RECEIPTS = "order.placed.v1", "notification.receipt.v1"
LARGE = 1_040_000  # a topic takes 1,048,588


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """A large order waits behind a small one that fails, both of one key."""
    module = under_orders("notifications", "request_receipt", "streams/subscribers/notifications.py")
    with Flow(broker, tmp_path_factory.mktemp("large"), small(), module) as flow:
        flow.tell({"app": "notifications", "do": "raise"})
        flow.send(*placed("crowded"), large("crowded"))
        flow.run("notifications")
        yield flow


def large(order_id: str) -> OrderPlaced:
    (order,) = placed(order_id)
    return replace(order, customer=replace(order.customer, zip_prefix="x" * LARGE))


def test_a_large_record_waits_climbs_and_is_buried_like_any_other(flow: Flow) -> None:
    until(lambda: len(flow.letters("notifications")) == 2, "two dead letters")
    found = [(facts.attempts, len(stored.value or b"") > LARGE) for stored, facts in flow.letters("notifications")]
    assert found == [(3, False), (3, True)]


def test_a_large_dead_letter_is_replayed(flow: Flow) -> None:
    flow.tell()
    replayed = flow.cli("dead", "replay", "--all")
    assert replayed.returncode == 0, replayed.stderr
    until(lambda: len(flow.records(RECEIPTS)) == 2, "both are handled")


def test_a_key_too_large_to_be_held_is_buried(flow: Flow) -> None:
    key = b"k" * 900_000
    flow.write(ORDERS, flow.encode(ORDERS, placed("enormous key")[0]), key, partition=0)
    found = until(lambda: [x for x in flow.letters("notifications") if x.stored.key == key], "a dead letter")
    assert [x.facts.error_message.partition(":")[0] for x in found] == ["key_too_large"]


def test_a_row_that_is_too_large_for_its_topic_is_a_bad_row(flow: Flow) -> None:
    rows = [{"type": "OrderCancelled", "order_id": f"fed-{n}", "reason": "x" * n} for n in (2 * LARGE, LARGE)]
    file = flow.home / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    fed = flow.cli("feed", str(file))
    assert fed.returncode == 0, fed.stderr
    assert "rows.jsonl:1" in fed.stdout + fed.stderr
    sent = [record.key for record in flow.records("order.cancelled.v1") if (record.key or b"").startswith(b"fed")]
    assert sent == [f"fed-{LARGE}".encode()]
