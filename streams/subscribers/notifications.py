"""Asks for the customer's receipt. `faust -A streams.subscribers.notifications worker`"""

from streams.contracts.current import stanza
from streams.domain.effects import Effect, Publish
from streams.domain.events import OrderPlaced, ReceiptRequested
from streams.runtime.app import build


def request_receipt(order: OrderPlaced) -> list[Effect]:
    """One receipt an order."""
    receipt = ReceiptRequested(
        order_id=order.order_id,
        customer_id=order.customer.customer_id,
        total_cents=order.total_cents,
        item_count=len(order.items),
    )
    return [Publish(receipt)]


app = build(stanza("notifications"), request_receipt)
