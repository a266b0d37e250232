"""The results as Markdown tables; of several rounds each cell has least / median / greatest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.bench import contestants
from tests.bench.asked import answers
from tests.bench.race import RACES
from tests.bench.results import Book, Spread

ALONE = ("no-op", "count-keys", "count-out", "new-key", "avro")
_TITLES = {
    "no-op": "no-op, as a plain function", "count-keys": "count per key, 1,000 keys",
    "count-out": "count and one output per event", "new-key": "every key new (get, put, changelog)",
    "avro": "Avro in, Avro out",
}  # fmt: skip
_MEASURES: Mapping[str, tuple[str, str]] = {
    "events_s": ("events/s", ",.0f"), "cpu_us": ("CPU µs/event", ".1f"), "rss_mb": ("RSS MB", ".0f"),
    "first_s": ("start → first output s", ".1f"), "p50_ms": ("p50 ms", ".1f"), "p99_ms": ("p99 ms", ".1f"),
    "cpu_percent": ("CPU % of a core", ".0f"), "others": ("cores others used", ".2f"),
    "took_s": ("seconds", ".2f"), "fresh_s": ("no state s", ".1f"),
    "kept_s": ("disk kept s", ".1f"), "wiped_s": ("disk wiped s", ".1f"), "drain_s": ("drain s", ".1f"),
    "lost": ("lost", ".0f"), "doubled": ("doubled", ".0f"), "two_winners": ("two winners", ".0f"),
    "wrong": ("wrong winner", ".0f"), "died": ("died by itself", ".0f"), "leads": ("leads", ",.0f"),
    "percent_an_app": ("% of a core an app", ".2f"), "alone_percent": ("one app alone, %", ".2f"),
    "alone_rss_mb": ("one app alone, MB", ".0f"), "ordered": ("order kept", ".0f"),
    "counted": ("counted", ",.0f"), "outputs": ("outputs", ",.0f"), "distinct": ("different outputs", ",.0f"),
    "total": ("events", ",.0f"), "s": ("seconds", ".0f"),
}  # fmt: skip
_COMPARED = {"events_s", "cpu_us"}


def title(name: str) -> str:
    contestant, _, row = name.partition(" ")
    found = contestants.ALL[contestant].title
    return f"{found}, on the Avro row" if row else found


def beside(book: Book, row: str, *measures: str) -> str:
    """A line a contestant; after a speed or cost, ours divided by it, round by round."""
    heads = [head for what in measures for head in _heads(what)]
    rounds = book.rows.get(row, {}).get("rounds", {})
    lines = [[title(who), *_cells(book, row, who, measures), _count(rounds[who])] for who in _in_order(rounds)]
    skipped = book.rows.get(row, {}).get("skipped", {})
    lines += [[f"{title(who)}: skipped, {why}", *[""] * (len(heads) + 1)] for who, why in skipped.items()]
    return table(["", *heads, "rounds"], lines) if lines else "Not measured yet."


def alone(book: Book) -> str:
    """The rows that only the engine and the bare loop run."""
    lines = []
    for row in ALONE:
        for who in (name for name in RACES[row] if name in book.contestants(row)):
            found = _cells(book, row, who, ("events_s", "cpu_us"))
            lines.append([_TITLES[row] if who == "ours" else "", title(who), *found])
    return table(["row", "", *_heads("events_s"), *_heads("cpu_us")], lines)


def asked(book: Book) -> str:
    verdicts = {True: "met", False: "**missed**"}
    lines = [
        [each.what, each.asked, each.measured, verdicts[each.is_met] + (each.by and f" by {each.by}")]
        for each in answers(book)
    ]
    return table(["", "asked", "measured (median)", ""], lines)


def profile(book: Book, row: str, most: int = 14) -> str:
    """Where the samples of the engine's thread fell, by function of ours."""
    found: dict[str, float] = next(iter(book.rows.get(row, {}).get("rounds", {}).get("ours", [])), {})
    shown = sorted(found.items(), key=lambda item: -item[1])[:most]
    lines = [[f"`{place.split()[0]}`", f"`{place.split()[1]}`", f"{share:.1%}"] for place, share in shown]
    return table(["module", "function", "share"], lines)


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _count(rounds: Sequence[Mapping[str, float]]) -> str:
    failed = sum("failed" in each for each in rounds)
    return f"{len(rounds)}, {failed} failed" if failed else str(len(rounds))


def _heads(what: str) -> list[str]:
    return [_MEASURES[what][0], "Crossdock ÷ it"] if what in _COMPARED else [_MEASURES[what][0]]


def _cells(book: Book, row: str, who: str, measures: Sequence[str]) -> Iterator[str]:
    for what in measures:
        yield _said(book.spread(row, who, what), _MEASURES[what][1])
        if what in _COMPARED:
            yield _said(book.ratio(row, what, "ours", who), ".2f") if who != "ours" else ""


def _said(found: Spread | None, spec: str) -> str:
    return "" if found is None else format(found, spec)


def _in_order(rounds: Iterable[str]) -> list[str]:
    names = list(contestants.ALL)
    return sorted(rounds, key=lambda who: (names.index(who.partition(" ")[0]), who))
