"""The customer's receipt is asked for."""

from streams.domain.effects import Publish
from streams.domain.events import ReceiptRequested
from streams.subscribers.notifications import request_receipt
from tests.subscribers.orders import order


def test_an_order_asks_for_one_receipt() -> None:
    receipt = ReceiptRequested(order_id="1", customer_id="c", total_cents=240_00, item_count=2)
    assert request_receipt(order("toys", "pets")) == [Publish(receipt)]
