"""Orders for the tests of subscribers."""

from datetime import UTC, datetime

from streams.domain.events import Customer, Item, OrderPlaced

APPENDED = datetime(2026, 1, 1, 12, tzinfo=UTC)


def order(*categories: str, priority: str = "standard") -> OrderPlaced:
    """An order of one item of 100.00 and 20.00 freight for each category."""
    items = [
        Item(product_id=f"p{number}", category=category, price_cents=100_00, freight_cents=20_00)
        for number, category in enumerate(categories)
    ]
    return OrderPlaced(
        time=APPENDED,
        order_id="1",
        customer=Customer(customer_id="c", city="campinas", state="SP", zip_prefix="13000"),
        items=items,
        total_cents=120_00 * len(items),
        priority=priority,
        placed_at=datetime(2017, 10, 2, tzinfo=UTC),
    )
