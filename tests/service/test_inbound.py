"""What a context's broker held, once it stands in `received`: read, published under its own id, or a dead letter."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.contracts import current, names
from streams.contracts.arrivals import Arrivals
from streams.contracts.headers import text
from streams.contracts.json_values import as_json
from streams.domain.received import Received
from streams.testing import Flow
from tests.flow import placed
from tests.service.maps import RABBIT, lives, loaded

GROUP, ORDERS = "customer.in", "order.placed.v1"
(ORDER,) = placed("order-1")


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flow]:
    loaded(lives(RABBIT), tmp_path)
    monkeypatch.setenv("CROSSDOCK_TOPOLOGY", str(tmp_path / "topology.yaml"))
    current.topology.cache_clear()
    with Flow(GROUP) as flow:
        yield flow


def arrive(flow: Flow, *messages: Received) -> None:
    """As stage one writes them."""
    arrivals = Arrivals(flow.topology.stanzas[GROUP].admits, flow.codec)
    for message in messages:
        made = arrivals.stored(message)
        flow.write(names.received(GROUP), made.value, made.key, headers=made.headers)
    flow.settle()


def plain(fields: Any, **more: Any) -> Received:
    return Received(
        **(
            {
                "id": "m-1",
                "type": ORDERS,
                "key": None,
                "body": json.dumps(fields).encode(),
                "content_type": "application/json",
            }
            | more
        )
    )


def cloud_event(**attributes: Any) -> bytes:
    return json.dumps({"specversion": "1.0", "id": "ce-1", "source": "shop", "type": ORDERS} | attributes).encode()


def test_plain_json_is_published_under_the_id_that_it_came_with(flow: Flow) -> None:
    arrive(flow, plain(as_json(ORDER)))
    (published,) = flow.records(ORDERS)
    assert flow.events(ORDERS) == [ORDER]
    assert published.key == b"order-1" and text(published.headers, "ce_id") == "m-1"
    assert text(published.headers, "ce_type") == ORDERS and text(published.headers, "ce_source") == GROUP


def test_a_cloud_event_in_json_says_itself_what_it_is(flow: Flow) -> None:
    body = cloud_event(data=as_json(ORDER), correlationid="cart-7", causationid="click-9")
    arrive(flow, Received("m-1", "", None, body, "application/cloudevents+json; charset=utf-8"))
    (published,) = flow.records(ORDERS)
    told = [text(published.headers, name) for name in ("ce_id", "ce_correlationid", "ce_causationid")]
    assert flow.events(ORDERS) == [ORDER] and told == ["ce-1", "cart-7", "click-9"]


def test_avro_is_read_as_it_is_and_out_of_a_cloud_event(flow: Flow) -> None:
    avro = flow.codec.encode(ORDERS, ORDER)
    inside = cloud_event(datacontenttype="application/avro", data_base64=b64encode(avro).decode())
    arrive(flow, Received("m-1", ORDERS, None, avro, "application/avro"))
    arrive(flow, Received("", "", None, inside, "application/cloudevents+json"))
    assert flow.events(ORDERS) == [ORDER, ORDER]


def test_a_message_may_call_its_type_by_the_record(flow: Flow) -> None:
    arrive(flow, plain({"order_id": "order-1", "reason": "changed_mind"}, type="OrderCancelled"))
    assert [event.order_id for event in flow.events("order.cancelled.v1")] == ["order-1"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (plain({}, type="order.lost.v1"), "unroutable: the type 'order.lost.v1' is nothing that this context"),
        (plain({}, type="lead.accepted.v1"), "unroutable: the type 'lead.accepted.v1'"),
        (plain({}, type=""), "unroutable: it has no type"),
        (plain(as_json(ORDER) | {"total_cents": "much"}), "total_cents is not a whole number: 'much'"),
        (plain(as_json(ORDER) | {"total_cents": 1 << 70}), "OrderPlaced.total_cents"),
        (plain({"order_id": "order-1"}), "customer is missing"),
        (plain([]), "it is list, not a JSON object"),
        (plain(0, body=b"{"), "it is no JSON"),
        (plain(0, body=b"\xff\xfe\x00"), "it is no JSON"),
        (plain(0, body=b"["* 100_000), "it is no JSON"),
        (plain(0, body=b"\0\0\0\1\0rest", content_type="application/avro"), "the registry knows no schema with id 256"),
        (plain(0, content_type="image/png"), "content type 'image/png' is neither JSON"),
        (plain(0, body=cloud_event(data_base64="%", datacontenttype="application/avro"),
               content_type="application/cloudevents+json"), "data_base64 is no base64"),
        (plain(0, body=b"x" * 2_000_000), "too_large: it had 2000000 bytes"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_or_routed_is_a_dead_letter_with_its_bytes(
    flow: Flow, message: Received, reason: str
) -> None:
    arrive(flow, message, plain(as_json(ORDER), id="m-2"))
    (letter,) = flow.dead_letters(GROUP)
    assert letter.facts.stage == "decode" and reason in letter.facts.error_message
    (stored,) = flow.records(names.dead(GROUP))
    assert stored.value == message.body[:1_048_588]
    assert flow.events(ORDERS) == [ORDER]  # its neighbour goes on


def test_what_comes_again_has_one_effect_for_as_long_as_it_is_remembered(flow: Flow) -> None:
    message = plain(as_json(ORDER))
    arrive(flow, message, message)
    arrive(flow, message)
    assert flow.events(ORDERS) == [ORDER] and flow.dead_letters(GROUP) == []
    flow.advance(timedelta(hours=25))
    arrive(flow, message)
    assert flow.events(ORDERS) == [ORDER, ORDER]


def test_a_message_without_an_id_is_known_by_its_bytes(flow: Flow) -> None:
    arrive(flow, plain(as_json(ORDER), id=""), plain(as_json(ORDER), id=""), plain(as_json(ORDER), id="x" * 1000))
    ids = {text(stored.headers, "ce_id") for stored in flow.records(ORDERS)}
    assert [len(each or "") for each in ids] == [36, 36]


def test_messages_of_one_key_share_a_partition_whatever_their_form(flow: Flow) -> None:
    avro = flow.codec.encode(ORDERS, ORDER)
    arrive(
        flow,
        plain(as_json(ORDER)),
        Received("m-2", ORDERS, None, avro, "application/avro"),
        Received("m-3", "", None, cloud_event(data=as_json(ORDER)), "application/cloudevents+json"),
    )
    assert {stored.key for stored in flow.records(names.received(GROUP))} == {b"order-1"}
