"""Writes docs/bench.md: the words of report.md, with the tables of the results, and pictures beside it."""

from pathlib import Path
from string import Template

from tests.bench import plots, tables
from tests.bench.results import Book

_WORDS = Path(__file__).with_name("report.md")
_SPEED = ("events_s", "cpu_us", "rss_mb", "first_s")
_PICTURES = {
    "w2-speed": ("w2", "events_s", "W2: decode, a small rule, encode", "events/s"),
    "w3-speed": ("w3", "events_s", "W3: the lead saga with its state", "events/s"),
    "w2-cost": ("w2", "cpu_us", "W2: CPU of the process (less is better)", "µs an event"),
    "w3-cost": ("w3", "cpu_us", "W3: CPU of the process (less is better)", "µs an event"),
    "w3-latency": ("w3-latency", "p99_ms", "W3 at 200 events/s: p99 (less is better)", "ms"),
}


def write(book: Book, file: Path) -> None:
    """The document at `file`; the pictures go to the folder of its name."""
    folder = file.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (row, what, title, unit) in _PICTURES.items():
        drawn = _picture(book, row, what, title, unit)
        if drawn:
            (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")
    file.write_text(Template(_WORDS.read_text(encoding="utf-8")).substitute(_tables(book)), encoding="utf-8")


def _tables(book: Book) -> dict[str, str]:
    return {
        "asked": tables.asked(book),
        "alone": tables.alone(book),
        "w2": tables.beside(book, "w2", *_SPEED),
        "w3": tables.beside(book, "w3", *_SPEED),
        "latency_20": tables.beside(book, "latency-20", "p50_ms", "p99_ms"),
        "latency_200": tables.beside(book, "latency-200", "p50_ms", "p99_ms"),
        "w3_latency": tables.beside(book, "w3-latency", "p50_ms", "p99_ms", "cpu_percent", "others"),
        "slow": tables.beside(book, "slow", "took_s", "ordered"),
        "restore": tables.beside(book, "restore", "fresh_s", "kept_s", "wiped_s"),
        "kills": tables.beside(book, "kills", "leads", "lost", "doubled", "two_winners", "wrong", "died", "drain_s"),
        "count": tables.beside(book, "count", "total", "counted", "outputs", "distinct", "s"),
        "idle": tables.beside(book, "idle", "percent_an_app", "rss_mb", "alone_percent", "alone_rss_mb"),
        "w2_profile": tables.profile(book, "w2-profile"),
        "w3_profile": tables.profile(book, "w3-profile"),
        "stamps": _stamps(book),
    }


def _stamps(book: Book) -> str:
    lines = [[row, found["at"], f"`{found['commit']}`", found["machine"]] for row, found in book.rows.items()]
    return tables.table(["row", "measured at (UTC)", "commit", "machine"], lines)


def _picture(book: Book, row: str, what: str, title: str, unit: str) -> str:
    shown: list[plots.Bar] = []
    for who in book.contestants(row):
        spread = book.spread(row, who, what)
        if spread is not None:
            shown.append((tables.title(who), spread, plots.OURS if who == "ours" else plots.OTHERS))
    return plots.bars(title, unit, shown) if shown else ""
