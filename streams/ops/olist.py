"""Orders, providers and cancellations from the CSV files of the public Olist data set."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from streams.contracts.from_json import Malformed, instant
from streams.domain.events import Customer, Item, OrderCancelled, OrderPlaced, ProviderProfile
from streams.ops.rows import BadRow, FeedError, Row

_ORDERS, _ITEMS = "olist_orders_dataset.csv", "olist_order_items_dataset.csv"
_PRODUCTS, _SELLERS = "olist_products_dataset.csv", "olist_sellers_dataset.csv"
_CUSTOMERS = "olist_customers_dataset.csv"
_COLUMNS = {
    _ORDERS: {"order_id", "customer_id", "order_status", "order_purchase_timestamp"},
    _ITEMS: {"order_id", "product_id", "seller_id", "price", "freight_value"},
    _PRODUCTS: {"product_id", "product_category_name"},
    _SELLERS: {"seller_id", "seller_city", "seller_state"},
    _CUSTOMERS: {"customer_id", "customer_zip_code_prefix", "customer_city", "customer_state"},
}
_CANCELLED_AFTER_S = 2.0
_PRIORITY_FROM_CENTS = 500_00
_UNKNOWN = "unknown"
_MOST = Decimal(10**12)  # of one price; nothing that costs more is for sale

Line = Mapping[str, str]
Place = tuple[str, str]  # city, state
T = TypeVar("T")


@dataclass(slots=True)
class _Shop:
    """What the other files say of orders, by id."""

    customers: Mapping[str, Customer]
    sellers: dict[str, Place]
    items: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    sold: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))


def read(directory: Path) -> Iterator[Row | BadRow]:
    """Every provider first, then the orders in file order; raises FeedError where a file or a column is missing."""
    for name in _COLUMNS:
        _check(directory / name)
    bad: list[BadRow] = []
    shop = _shop(directory, bad)
    yield from bad
    for number, profile in enumerate(_profiles(shop), 2):
        yield Row(_SELLERS, number, profile)
    for row in _each(directory / _ORDERS, lambda line: (_order(line, shop), line["order_status"])):
        if isinstance(row, BadRow):
            yield row
            continue
        number, (order, status) = row
        yield Row(_ORDERS, number, order)
        if status == "canceled":
            cancelled = OrderCancelled(order_id=order.order_id, reason=status)
            yield Row(_ORDERS, number, cancelled, after_s=_CANCELLED_AFTER_S)


def _shop(directory: Path, bad: list[BadRow]) -> _Shop:
    customers = {each.customer_id: each for each in _good(directory / _CUSTOMERS, _customer, bad)}
    shop = _Shop(customers, dict(_good(directory / _SELLERS, _seller, bad)))
    categories = dict(_good(directory / _PRODUCTS, _category, bad))
    for order_id, seller_id, item in _good(directory / _ITEMS, lambda line: _item(line, categories), bad):
        shop.items[order_id].append(item)
        shop.sold[seller_id][item.category] = None
    return shop


def _profiles(shop: _Shop) -> Iterator[ProviderProfile]:
    for seller_id in {**shop.sellers, **shop.sold}:
        city, state = shop.sellers.get(seller_id, ("", ""))
        sold = list(shop.sold.get(seller_id, ()))
        yield ProviderProfile(provider_id=seller_id, categories=sold, city=city, state=state, accepting=True)


def _order(line: Line, shop: _Shop) -> OrderPlaced:
    order_id, customer_id = _id(line, "order_id"), _id(line, "customer_id")
    items = shop.items.get(order_id, [])
    total_cents = sum(each.price_cents + each.freight_cents for each in items)
    stranger = Customer(customer_id=customer_id, city="", state="", zip_prefix="")
    return OrderPlaced(
        order_id=order_id,
        customer=shop.customers.get(customer_id, stranger),
        items=items,
        total_cents=total_cents,
        priority="priority" if total_cents >= _PRIORITY_FROM_CENTS else "standard",
        placed_at=instant(line["order_purchase_timestamp"], "order_purchase_timestamp"),
    )


def _item(line: Line, categories: Mapping[str, str]) -> tuple[str, str, Item]:
    product_id = line["product_id"]
    item = Item(
        product_id=product_id,
        category=categories.get(product_id, _UNKNOWN),
        price_cents=_cents(line, "price"),
        freight_cents=_cents(line, "freight_value"),
    )
    return _id(line, "order_id"), _id(line, "seller_id"), item


def _customer(line: Line) -> Customer:
    customer_id, zip_prefix = _id(line, "customer_id"), line["customer_zip_code_prefix"]
    city, state = line["customer_city"], line["customer_state"]
    return Customer(customer_id=customer_id, city=city, state=state, zip_prefix=zip_prefix)


def _seller(line: Line) -> tuple[str, Place]:
    return _id(line, "seller_id"), (line["seller_city"], line["seller_state"])


def _category(line: Line) -> tuple[str, str]:
    return _id(line, "product_id"), line["product_category_name"] or _UNKNOWN


def _id(line: Line, column: str) -> str:
    if not line[column]:
        raise Malformed(f"{column} is empty")
    return line[column]


def _cents(line: Line, column: str) -> int:
    try:
        amount = Decimal(line[column])
        if not -_MOST <= amount <= _MOST:  # also because 1e999999 takes a minute to become an int
            raise Malformed(f"{column} is beyond every price: {line[column][:40]!r}")
        return int((amount * 100).to_integral_exact())
    except InvalidOperation as error:
        raise Malformed(f"{column} is not an amount: {line[column]!r}") from error


def _check(path: Path) -> None:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            missing = _COLUMNS[path.name] - set(csv.DictReader(text).fieldnames or ())
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise FeedError(f"{path} is no CSV file: {error}") from error
    if missing:
        raise FeedError(f"{path} has no column {', '.join(sorted(missing))}")


def _good(path: Path, make: Callable[[Line], T], bad: list[BadRow]) -> list[T]:
    rows = list(_each(path, make))
    bad += [row for row in rows if isinstance(row, BadRow)]
    return [row[1] for row in rows if not isinstance(row, BadRow)]


def _each(path: Path, make: Callable[[Line], T]) -> Iterator[tuple[int, T] | BadRow]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        table = csv.DictReader(text)
        while True:
            try:
                line = next(table)
                if None in line or None in line.values():
                    raise Malformed(f"{len(table.fieldnames or ())} columns are expected")
                yield table.line_num, make(line)
            except StopIteration:
                return
            except (csv.Error, Malformed) as error:
                yield BadRow(path.name, table.line_num, str(error))
