"""Feeds: rows of JSON lines and of the Olist files, written by anybody; each is a record or a bad row with its line."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example
from hypothesis import strategies as st

from streams.contracts.codec import Unencodable
from streams.ops.olist import _COLUMNS, read
from streams.ops.rows import BadRow, FeedError, Row, json_lines
from tests.contracts.samples import codec
from tests.fuzz.properties import fuzz, tells
from tests.fuzz.strategies import BYTES, NUMBERS, TEXTS, spliced

GOOD = {
    "olist_orders_dataset.csv": {
        "order_id": "o",
        "customer_id": "c",
        "order_status": "canceled",
        "order_purchase_timestamp": "2017-10-02 10:56:33",
    },
    "olist_order_items_dataset.csv": {
        "order_id": "o",
        "product_id": "p",
        "seller_id": "s",
        "price": "58.90",
        "freight_value": "13.29",
    },
    "olist_products_dataset.csv": {"product_id": "p", "product_category_name": "toys"},
    "olist_sellers_dataset.csv": {"seller_id": "s", "seller_city": "campinas", "seller_state": "SP"},
    "olist_customers_dataset.csv": {
        "customer_id": "c",
        "customer_zip_code_prefix": "14409",
        "customer_city": "x",
        "customer_state": "SP",
    },
}
LINE = (
    b'{"order_id": "a", "customer": {"customer_id": "c", "city": "x", "state": "SP", "zip_prefix": "1"}, "items": '
    b'[{"product_id": "p", "category": "toys", "price_cents": 1, "freight_cents": 2}], "total_cents": 3, '
    b'"placed_at": "2026-01-01T00:00:00Z"}'
)
JSON = st.one_of(
    BYTES,
    spliced(LINE),
    spliced(LINE, NUMBERS.map(str.encode)),
    st.sampled_from([b"[" * 100_000, b'"\\ud800"', b"1e999"]),
)
Files = dict[str, bytes]


@st.composite
def files(draw: st.DrawFn) -> Files:
    """The five files, each with a good row; some values, rows or whole files are noise."""
    made: Files = {}
    for name, row in GOOD.items():
        columns = draw(st.permutations(list(row))) if draw(st.integers(0, 9)) == 0 else list(row)
        values = [
            draw(st.one_of(NUMBERS, TEXTS)) if draw(st.integers(0, 3)) == 0 else row[column] for column in columns
        ]
        lines = [",".join(columns), ",".join(values), ",".join(row[column] for column in columns)]
        made[name] = "\n".join(lines).encode("utf-8", "surrogatepass")
        if draw(st.integers(0, 9)) == 0:
            made[name] = draw(st.one_of(BYTES, spliced(made[name])))
    return made


def priced(price: bytes) -> Files:
    good = {name: ",".join(row).encode() + b"\n" + ",".join(row.values()).encode() for name, row in GOOD.items()}
    return {name: text.replace(b"58.90", price) for name, text in good.items()}


CODEC, _ = codec()


def check(rows: list[Row | BadRow]) -> None:
    for row in rows:
        assert row.line >= 0 and row.file
        if isinstance(row, BadRow):
            assert str(row)
            continue
        try:
            CODEC.encode(type(row.record).__name__, row.record)
        except Unencodable as error:
            tells(error)


@fuzz("feed", 25, files=files())
@example(files=priced(b"1e999999"))
@example(files=priced(b"1e999990"))
@example(files=priced(b"9" * 5000))
@example(files=priced(b"sNaN"))
@example(files={name: b"x" * 140_000 for name in GOOD})
def test_every_row_of_the_olist_files_is_a_record_or_a_bad_row(files: Files) -> None:
    assert GOOD.keys() == _COLUMNS.keys()
    with TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_bytes(text)
        try:
            check(list(read(Path(folder))))
        except FeedError as error:
            tells(error, "olist")


@fuzz("feed", 40, lines=st.lists(JSON, max_size=4))
@example(lines=[b"[" * 100_000])
@example(lines=[LINE.replace(b'"total_cents": 3', b'"total_cents": ' + b"9" * 4000)])
@example(lines=[LINE.replace(b'"order_id": "a"', b'"order_id": "\\ud800"')])
@example(lines=[LINE.replace(b'"2026-01-01T00:00:00Z"', b"9" * 400)])
def test_every_json_line_is_a_record_or_a_bad_row(lines: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "orders.jsonl"
        file.write_bytes(b"\n".join(lines))
        check(list(json_lines(file)))
