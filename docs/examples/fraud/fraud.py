"""Screens every order for signs of fraud. `faust -A streams.subscribers.fraud worker`"""

from streams.contracts.current import stanza
from streams.domain.effects import Effect, Publish
from streams.domain.events import OrderPlaced, OrderScreened
from streams.runtime.app import build

LARGE_TOTAL_CENTS = 2_000_00


def screen(order: OrderPlaced) -> list[Effect]:
    """The verdict on one order, with a reason code for each sign that was found."""
    signs = {
        "large_total": order.total_cents >= LARGE_TOTAL_CENTS,
        "no_items": not order.items,
        "freight_above_price": any(item.freight_cents > item.price_cents for item in order.items),
    }
    reasons = [reason for reason, is_found in signs.items() if is_found]
    return [Publish(OrderScreened(order_id=order.order_id, is_suspicious=bool(reasons), reasons=reasons))]


app = build(stanza("fraud"), screen)
