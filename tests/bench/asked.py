"""What was asked (by the engine's design and its issue), and by how much the results meet or miss it."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.results import Book

# The prototype did 452,000 events/s as a no-op function and 99,600 with every key new; its bare loop 48,000.
_NO_OP, _NEW_KEY = 0.6 * 452 / 48, 0.6 * 99.6 / 48


@dataclass(frozen=True, slots=True)
class Answer:
    """`by` is how far the value lies on the good side (met) or the bad one, as a share of the limit."""

    what: str
    asked: str
    measured: str
    is_met: bool
    by: str


@dataclass(frozen=True, slots=True)
class _Cell:
    """A median of the results: of whom, in which row, what; `rival` makes it the ratio to the same of another."""

    row: str
    what: str
    who: str = "ours"
    rival: str = ""
    rival_row: str = ""

    def value(self, book: Book) -> float | None:
        value = book.median(self.row, self.who, self.what)
        if not self.rival or value is None:
            return value
        other = book.median(self.rival_row or self.row, self.rival, self.what)
        return None if not other else value / other


_AT_LEAST = (
    ("W2 events/s beside the bare loop", _Cell("w2", "events_s", rival="bare"), 1.0, "×"),
    ("the same beside the bare loop with our headers", _Cell("w2", "events_s", rival="bare-headers"), 1.0, "×"),
    ("W3 events/s beside Kafka Streams", _Cell("w3", "events_s", rival="streams"), 1.0, "×"),
    ("W3 events/s beside the bare loop", _Cell("w3", "events_s", rival="bare"), 0.8, "×"),
    ("no-op beside the bare Avro loop (60 % of the prototype's)",
     _Cell("no-op", "events_s", rival="bare avro"), _NO_OP, "×"),
    ("every key new beside it (60 % of the prototype's)",
     _Cell("new-key", "events_s", rival="bare avro"), _NEW_KEY, "×"),
    ("slow I/O: Parallel Consumer's time over ours", _Cell("slow", "took_s", "parallel", "ours"), 1.0, "×"),
)  # fmt: skip
_AT_MOST = (
    ("W2 CPU beside the bare loop", _Cell("w2", "cpu_us", rival="bare"), 1.1, "×"),
    ("the same beside the bare loop with our headers", _Cell("w2", "cpu_us", rival="bare-headers"), 1.1, "×"),
    ("W2 CPU beside Kafka Streams (the aim)", _Cell("w2", "cpu_us", rival="streams"), 1.0, "×"),
    ("W3 CPU beside Kafka Streams", _Cell("w3", "cpu_us", rival="streams"), 1.0, "×"),
    ("W2 memory", _Cell("w2", "rss_mb"), 120, " MB"),
    ("W3 memory", _Cell("w3", "rss_mb"), 120, " MB"),
    ("W3, start → first output", _Cell("w3", "first_s"), 2, " s"),
    ("W3 latency at 200/s, p50", _Cell("w3-latency", "p50_ms"), 15, " ms"),
    ("W3 latency at 200/s, p99", _Cell("w3-latency", "p99_ms"), 50, " ms"),
    ("slow I/O, 10,000 deliveries", _Cell("slow", "took_s"), 1.2, " s"),
    ("200,000 keys, disk kept: start → first output", _Cell("restore", "kept_s"), 3, " s"),
    ("200,000 keys, disk wiped: start → first output", _Cell("restore", "wiped_s"), 5, " s"),
    ("two kill -9 in W3: drained", _Cell("kills", "drain_s"), 10, " s"),
    ("two kill -9 in W3: leads lost", _Cell("kills", "lost"), 0, ""),
    ("two kill -9 in W3: winners doubled", _Cell("kills", "doubled"), 0, ""),
    ("two kill -9 in W3: wrong winners", _Cell("kills", "wrong"), 0, ""),
    ("at rest, every app of the map in one process", _Cell("idle", "percent_an_app"), 0.4, " % of a core an app"),
    ("the same, memory", _Cell("idle", "rss_mb"), 300, " MB"),
    ("one app as its own worker, memory", _Cell("idle", "alone_rss_mb"), 120, " MB"),
)  # fmt: skip


def answers(book: Book) -> list[Answer]:
    """Of everything that the results have."""
    return [*_compared(book, _AT_LEAST, is_least=True), *_compared(book, _AT_MOST, is_least=False), *_exact(book)]


def _compared(book: Book, asked: tuple[tuple[str, _Cell, float, str], ...], *, is_least: bool) -> Iterator[Answer]:
    for what, cell, limit, unit in asked:
        value = cell.value(book)
        if value is None:
            continue
        is_met = value >= limit if is_least else value <= limit
        by = f"{abs(value / limit - 1):.0%}" if limit else ""
        yield Answer(what, f"{'≥' if is_least else '≤'} {limit:.3g}{unit}", f"{value:.3g}{unit}", is_met, by)


def _exact(book: Book) -> Iterator[Answer]:
    cells = {what: book.median("count", "ours", what) for what in ("total", "counted", "outputs", "distinct", "kills")}
    total, kills = cells.pop("total"), cells.pop("kills")
    if total is not None:
        said = " / ".join(f"{value:,.0f}" for value in cells.values())
        is_met = all(value == total for value in cells.values())
        what = f"{total:,.0f} events under {kills:.0f} kill -9, one disk lost: counted / outputs / different ones"
        yield Answer(what, f"{total:,.0f} each", said, is_met, "")
