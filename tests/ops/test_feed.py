"""What a feed sends and when, with a clock that the test moves; the broker's part is in test_simulators."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.domain.events import Event, OrderCancelled, OrderPlaced, ProviderProfile
from streams.ops import olist, orders
from streams.ops.feed import Pace, Tally, counted, feed
from streams.ops.rows import BadRow, FeedError, Row, json_lines
from streams.ops.sender import Unsendable

CUSTOMER = {"customer_id": "c", "city": "santos", "state": "SP", "zip_prefix": "11"}
ITEM = {"product_id": "p", "category": "wine", "price_cents": 1_000, "freight_cents": 200}
ORDER = {"order_id": "o-1", "customer": CUSTOMER, "items": [ITEM], "total_cents": 1_200}
ORDER["placed_at"] = "2026-03-02T08:00:00"
PROFILE = {"provider_id": "s-1", "categories": ["wine"], "city": "santos", "state": "SP", "accepting": True}


class MovedClock:
    """Time passes by sleeping only."""

    def __init__(self) -> None:
        self.time = 100.0
        self.is_over = False

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def is_stopped(self) -> bool:
        return self.is_over


class Sent:
    """What was sent, with the seconds since the beginning."""

    def __init__(self, refuses: Callable[[Event], bool] = lambda _: False, stops_after: int = 0) -> None:
        self.clock = MovedClock()
        self.records: list[tuple[float, Event]] = []
        self.bad: list[str] = []
        self._refuses, self._stops_after = refuses, stops_after

    def send(self, record: Event) -> None:
        if self._refuses(record):
            raise Unsendable("no topic carries it")
        self.records.append((round(self.clock.time - 100, 3), record))
        self.clock.is_over = len(self.records) == self._stops_after

    def feed(self, rows: Iterable[Row | BadRow], pace: Pace = Pace()) -> Tally:  # noqa: B008
        return feed(rows, self.send, pace, self._progress, self.clock)

    def _progress(self, _: Tally, bad: BadRow | None) -> None:
        self.bad += [str(bad)] if bad else []

    @property
    def said(self) -> list[tuple[float, str]]:
        return [(at, f"{type(record).__name__} {_id(record)}") for at, record in self.records]


def _id(record: Event) -> str:
    return str(getattr(record, "order_id", getattr(record, "provider_id", "")))


def order(number: int) -> Row:
    return Row("x", number, OrderPlaced(**_order(f"o{number}")))


def cancelled(number: int, after_s: float = 2.0) -> Row:
    return Row("x", number, OrderCancelled(order_id=f"o{number}", reason="r"), after_s)


def _order(order_id: str) -> dict[str, Any]:
    placed_at = datetime(2026, 1, 1, tzinfo=UTC)
    return {"order_id": order_id, "customer": None, "items": [], "total_cents": 0, "placed_at": placed_at}


def profile(number: int) -> Row:
    record = ProviderProfile(provider_id=f"s{number}", categories=[], city="", state="", accepting=True)
    return Row("x", number, record)


def lines(path: Path, *documents: object) -> Path:
    texts = [document if isinstance(document, str) else json.dumps(document) for document in documents]
    path.write_text("\n".join(texts))
    return path


def test_orders_go_at_their_rate_and_profiles_at_full_speed() -> None:
    sent = Sent()
    sent.feed([profile(1), profile(2), order(1), order(2), order(3)], Pace(rate=4))
    assert sent.said == [
        (0.0, "ProviderProfile s1"),
        (0.0, "ProviderProfile s2"),
        (0.0, "OrderPlaced o1"),
        (0.25, "OrderPlaced o2"),
        (0.5, "OrderPlaced o3"),
    ]


def test_a_cancellation_comes_two_seconds_after_its_order_and_the_feed_waits_for_the_last() -> None:
    sent = Sent()
    sent.feed([order(1), cancelled(1), order(2), order(3), order(4), cancelled(4)], Pace(rate=1))
    assert sent.said == [
        (0.0, "OrderPlaced o1"),
        (1.0, "OrderPlaced o2"),
        (2.0, "OrderCancelled o1"),
        (2.0, "OrderPlaced o3"),
        (3.0, "OrderPlaced o4"),
        (5.0, "OrderCancelled o4"),
    ]


def test_a_stall_is_not_made_good_by_a_burst() -> None:
    sent = Sent()

    def rows() -> Iterable[Row]:
        yield order(1)
        sent.clock.time += 10
        yield from (order(2), order(3), order(4))

    sent.feed(rows(), Pace(rate=1))
    assert [at for at, _ in sent.records] == [0.0, 10.0, 10.9, 11.9]


def test_offset_and_limit_count_orders_and_leave_out_the_cancellations_of_those_not_sent() -> None:
    sent = Sent()
    rows = [profile(1), order(1), cancelled(1), order(2), cancelled(2), order(3), order(4), cancelled(4)]
    tally = sent.feed(rows, Pace(limit=2, offset=1))
    assert [what for _, what in sent.said] == [
        "ProviderProfile s1",
        "OrderPlaced o2",
        "OrderPlaced o3",
        "OrderCancelled o2",
    ]
    assert tally == Tally(orders=2, cancellations=1, profiles=1)
    assert counted(rows, Pace(limit=2, offset=1)) == 2
    assert counted(rows, Pace(limit=9, offset=3)) == 1


def test_a_record_that_cannot_be_written_is_a_bad_row_and_the_rest_goes_on() -> None:
    sent = Sent(refuses=lambda record: _id(record) == "o1")
    tally = sent.feed([order(1), order(2)])
    assert [what for _, what in sent.said] == ["OrderPlaced o2"]
    assert sent.bad == ["x:1: no topic carries it"]
    assert tally == Tally(orders=1, bad_rows=1)


def test_a_stop_ends_it_without_what_was_still_due() -> None:
    sent = Sent(stops_after=2)
    sent.feed([order(1), cancelled(1), order(2), order(3)], Pace(rate=1))
    assert [what for _, what in sent.said] == ["OrderPlaced o1", "OrderPlaced o2"]


def test_json_lines_are_known_by_their_type_or_by_their_fields(tmp_path: Path) -> None:
    cancelled = {"type": "OrderCancelled", "order_id": "o-1", "reason": "changed_mind"}
    file = lines(tmp_path / "x.jsonl", PROFILE, ORDER | {"type": "OrderPlaced"}, "", ORDER, cancelled)
    found = [row.record for row in json_lines(file) if isinstance(row, Row)]
    assert [type(record).__name__ for record in found] == [
        "ProviderProfile",
        "OrderPlaced",
        "OrderPlaced",
        "OrderCancelled",
    ]
    order = found[1]
    assert isinstance(order, OrderPlaced)
    assert order.items[0].price_cents == 1_000
    assert order.placed_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert order.priority == "standard"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Expecting"),
        ("[]", "not a JSON object"),
        ({"type": "OrderEaten"}, "OrderEaten"),
        ({"colour": "red"}, "neither order_id nor provider_id"),
        (ORDER | {"total_cents": "12"}, "total_cents is not a whole number"),
        (ORDER | {"total_cents": True}, "total_cents is not a whole number"),
        (ORDER | {"order_id": ""}, "order_id is empty"),
        (ORDER | {"items": [ITEM, {"product_id": "p"}]}, "items[1].category is missing"),
        (ORDER | {"customer": "me"}, "customer is not an object"),
        (ORDER | {"placed_at": "yesterday"}, "placed_at is not a time"),
        ({"order_id": "o", "items": []}, "customer is missing"),
        (PROFILE | {"categories": "wine"}, "categories is not a list"),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_skipped(tmp_path: Path, line: object, reason: str) -> None:
    good, bad, after = json_lines(lines(tmp_path / "x.jsonl", ORDER, line, PROFILE))
    assert isinstance(good, Row)
    assert isinstance(after, Row)
    assert isinstance(bad, BadRow)
    assert bad.line == 2
    assert reason in bad.reason


def test_bytes_that_are_no_text_are_a_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'\xff\xfe{}\n{"order_id": "o", "reason": "r"}\n')
    bad, good = json_lines(file)
    assert isinstance(bad, BadRow)
    assert isinstance(good, Row)
    assert isinstance(good.record, OrderCancelled)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"none\.jsonl"):
        list(json_lines(tmp_path / "none.jsonl"))


def test_generated_orders_are_the_same_for_the_same_seed_and_look_like_a_marketplace() -> None:
    rows = list(orders.generate(7, 2_000))
    assert rows == list(orders.generate(7, 2_000))
    assert rows != list(orders.generate(8, 2_000))
    placed = [row.record for row in rows if isinstance(row.record, OrderPlaced)]
    cancelled = [row for row in rows if isinstance(row.record, OrderCancelled)]
    first_order = next(at for at, row in enumerate(rows) if isinstance(row.record, OrderPlaced))
    assert all(isinstance(row.record, ProviderProfile) for row in rows[:first_order])
    assert len(placed) == len({order.order_id for order in placed}) == 2_000
    assert 5 <= len(cancelled) <= 45
    assert {row.after_s for row in cancelled} == {2.0}
    assert 0.8 < sum(len(order.items) == 1 for order in placed) / 2_000 < 0.95
    assert all(order.total_cents == sum(i.price_cents + i.freight_cents for i in order.items) for order in placed)
    assert all((order.priority == "priority") == (order.total_cents >= 50_000) for order in placed)
    assert 0.3 < sum(order.customer.state == "SP" for order in placed) / 2_000 < 0.5


OLIST = {
    "olist_orders_dataset.csv": """order_id,customer_id,order_status,order_purchase_timestamp
o1,c1,delivered,2017-01-02 03:04:05
o2,c2,canceled,2017-01-03 00:00:00
o3,c1,shipped,2017-01-04 00:00:00
o4,c1,shipped,some day
o5,c1
""",
    "olist_order_items_dataset.csv": """order_id,order_item_id,product_id,seller_id,price,freight_value
o1,1,p1,s1,99.9,27.65
o1,2,p2,s1,0.1,0
o1,3,nowhere,s9,0.29,0
o3,1,p1,s1,400,100.00
o3,2,p1,s1,cheap,1
""",
    "olist_products_dataset.csv": "product_id,product_category_name\np1,bebes\np2,\n",
    "olist_sellers_dataset.csv": "seller_id,seller_city,seller_state\ns1,santos,SP\ns2,natal,RN\n",
    "olist_customers_dataset.csv": (
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\nc1,u,09999,recife,PE\n"
    ),
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in OLIST.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_olist_gives_every_seller_first_with_what_it_sold(shop: Path) -> None:
    found = [row.record for row in olist.read(shop) if isinstance(row, Row)]
    assert found[:3] == [
        ProviderProfile(provider_id="s1", categories=["bebes", "unknown"], city="santos", state="SP", accepting=True),
        ProviderProfile(provider_id="s2", categories=[], city="natal", state="RN", accepting=True),
        ProviderProfile(provider_id="s9", categories=["unknown"], city="", state="", accepting=True),
    ]


def test_olist_gives_orders_in_file_order_and_cancellations_two_seconds_later(shop: Path) -> None:
    rows = [row for row in olist.read(shop) if isinstance(row, Row)][3:]
    assert [(type(row.record).__name__, _id(row.record), row.after_s) for row in rows] == [
        ("OrderPlaced", "o1", 0.0),
        ("OrderPlaced", "o2", 0.0),
        ("OrderCancelled", "o2", 2.0),
        ("OrderPlaced", "o3", 0.0),
    ]
    first, second, _, third = (row.record for row in rows)
    assert isinstance(first, OrderPlaced)
    assert isinstance(second, OrderPlaced)
    assert isinstance(third, OrderPlaced)
    assert [item.category for item in first.items] == ["bebes", "unknown", "unknown"]
    assert [item.price_cents for item in first.items] == [9_990, 10, 29]
    assert (first.total_cents, first.priority) == (12_794, "standard")
    assert first.customer.zip_prefix == "09999"
    assert first.placed_at == datetime(2017, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (second.items, second.customer.customer_id, second.customer.city) == ([], "c2", "")
    assert (third.total_cents, third.priority) == (50_000, "priority")


def test_olist_rows_that_are_bad_are_named_by_file_and_line(shop: Path) -> None:
    bad = [str(row) for row in olist.read(shop) if isinstance(row, BadRow)]
    assert bad == [
        "olist_order_items_dataset.csv:6: price is not an amount: 'cheap'",
        "olist_orders_dataset.csv:5: order_purchase_timestamp is not a time: 'some day'",
        "olist_orders_dataset.csv:6: 4 columns are expected",
    ]


def test_an_olist_directory_without_a_file_or_column_is_refused_before_anything_is_sent(shop: Path) -> None:
    (shop / "olist_sellers_dataset.csv").write_text("seller_id\n")
    with pytest.raises(FeedError, match="seller_city, seller_state"):
        next(olist.read(shop))
    (shop / "olist_sellers_dataset.csv").unlink()
    with pytest.raises(FeedError, match=r"olist_sellers_dataset\.csv cannot be read"):
        next(olist.read(shop))
