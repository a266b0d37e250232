"""What the isolation measurements came to: docs/isolation.md and its picture."""

from collections.abc import Iterator
from typing import Any

from tests.bench.plots import OTHERS, OURS, Bar, bars
from tests.bench.results import Book, Spread
from tests.isolation import partners, subscribers
from tests.isolation.case import NONE, Case

_ALL_WELL = "all well"
_WORDS = """# Isolation, measured

What the healthy notice of the others' trouble. Every app is a process of its own, all on one machine and one broker.

* **subscribers**: `notifications` beside four other subscribers of the same orders, which are dead (stopped), slow
  (1 s an order) or poisoned (every order raises). 50 orders a second for 8 s, then 3,000 at once.
* **partners**: ten webhook partners, of which some are dead (nobody listens), slow (they answer after 5 s, the limit is
  2 s), lying (they take a message and then answer 500) or poisoned (they refuse everything, 400). 10 accepted leads a
  second for 20 s, then 300 at once.

Waits are from the append of the event to the append of its receipt, or to its arrival at the partner. A rate is that of
one healthy app in the burst. Asked: within 10 % of "all well". The dead and the slow leave the healthy more of the
machine's two cores, so better than "all well" is no wonder; poisoned ones cost CPU, for every record of theirs is tried
again and written down.

    uv run python -m tests.isolation
"""


def report(book: Book) -> Iterator[str]:
    """Lines of markdown."""
    yield _WORDS
    for what, cases in (("subscribers", subscribers.CASES), ("partners", partners.CASES)):
        if f"{what}: {_ALL_WELL}" in book.rows:
            yield from _table(book, what, cases)
    stamp: dict[str, Any] = next(iter(book.rows.values()), {})
    told = [f"{name} {stamp[name]}" for name in ("commit", "machine", "day") if name in stamp]
    yield f"Least / median / greatest of the rounds. {', '.join(told)}."


def _table(book: Book, what: str, cases: list[Case]) -> Iterator[str]:
    yield f"## {what.capitalize()}\n"
    yield "| others | wait p50 ms | wait p99 ms | against all well | a second | against all well |"
    yield "|---|---|---|---|---|---|"
    for case in cases:
        row = f"{what}: {case.title}"
        shown = [book.spread(row, "healthy", name) for name in ("p50_ms", "p99_ms", "a_second")]
        if all(shown):
            p99, rate = _against(book, row, "p99_ms"), _against(book, row, "a_second")
            p50_ms, p99_ms, a_second = (format(spread, ",.0f") for spread in shown if spread)
            yield f"| {case.title} | {p50_ms} | {p99_ms} | {p99} | {a_second} | {rate} |"
    yield ""


def _against(book: Book, row: str, name: str) -> str:
    well = book.spread(f"{row.partition(':')[0]}: {_ALL_WELL}", "healthy", name)
    here = book.spread(row, "healthy", name)
    return f"{here.median / well.median:.2f}" if well and here else ""


def picture(book: Book) -> str:
    """The p99 of every case."""
    shown: list[Bar] = []
    for row in book.rows:
        spread: Spread | None = book.spread(row, "healthy", "p99_ms")
        if spread:
            shown.append((row, spread, OURS if row.endswith(_ALL_WELL) or NONE in row else OTHERS))
    return bars("How long the healthy wait, p99", "ms", shown)
