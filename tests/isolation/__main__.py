"""Isolation, measured: the healthy beside the dead, slow and poisoned. `uv run python -m tests.isolation`"""

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from streams.verbs.progress import steps
from tests.bench.results import Book
from tests.isolation import partners, subscribers
from tests.isolation.case import Case, Seen
from tests.isolation.report import picture, report
from tests.kafka_server import KafkaServer

ROOT = Path(__file__).parents[2]
Measure = Callable[[str, Path, Case], Seen]
CASES = {"subscribers": subscribers.CASES, "partners": partners.CASES}
WHAT: dict[str, Measure] = {"subscribers": subscribers.measure, "partners": partners.measure}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", nargs=-1, type=click.Choice(list(WHAT)))
@click.option("--rounds", type=click.IntRange(0), default=3, show_default=True, help="0 draws the report again.")
@click.option("--results", type=click.Path(path_type=Path), default=ROOT / "docs/isolation.json", show_default=True)
@click.option("--more", is_flag=True, help="Keep the rounds that are there.")
def main(what: tuple[str, ...], rounds: int, results: Path, more: bool) -> None:
    """Rate and waits of healthy subscribers and partners beside others in trouble; every app is a process.

    \b
    Example:
      uv run python -m tests.isolation partners --rounds 1
    """
    book = Book(results)
    chosen = what or tuple(WHAT)
    for name in chosen if rounds else ():
        for case in CASES[name]:
            book.begin(f"{name}: {case.title}", {}, more=more)
    wanted = [(name, case) for _ in range(rounds) for name in chosen for case in CASES[name]]
    with steps() as progress:
        for done, (name, case) in enumerate(wanted):
            progress("cases", done, len(wanted))
            _measure(book, name, case)
    results.with_suffix(".md").write_text("\n".join(report(book)) + "\n", encoding="utf-8")
    results.with_suffix(".svg").write_text(picture(book), encoding="utf-8")


def _measure(book: Book, name: str, case: Case) -> None:
    with KafkaServer() as kafka, tempfile.TemporaryDirectory(prefix="crossdock-isolation-") as home:
        seen = WHAT[name](kafka.bootstrap, Path(home), case)
    book.add(f"{name}: {case.title}", "healthy", asdict(seen))
    what = f"p50 {seen.p50_ms:.0f} ms, p99 {seen.p99_ms:.0f} ms, {seen.a_second:.0f} a second"
    click.echo(f"{name}, {case.title}: {what}")


if __name__ == "__main__":
    main()
