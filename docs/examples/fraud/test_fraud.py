"""Orders are screened for signs of fraud."""

import pytest

from streams.domain.effects import Publish
from streams.domain.events import OrderPlaced, OrderScreened
from streams.subscribers.fraud import screen
from tests.subscribers.orders import order


@pytest.mark.parametrize(
    ("placed", "reasons"),
    [(order("toys"), []), (order(), ["no_items"]), (order(*["toys"] * 20), ["large_total"])],
    ids=["an ordinary order", "an order without items", "a large order"],
)
def test_an_order_is_screened_with_its_reasons(placed: OrderPlaced, reasons: list[str]) -> None:
    screened = OrderScreened(order_id="1", is_suspicious=bool(reasons), reasons=reasons)
    assert screen(placed) == [Publish(screened)]
