"""Ours beside its peers on one broker and the same data. `uv run python -m tests.bench [--smoke] [--report] [ROW…]`

Without rows all of them, some forty minutes; each round is written to the results at once, so that a run can be cut
short, and rows can be run one by one. `--report` draws docs/bench.md from the results.
"""

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from tests.bench import asked, contestants, count, idle, kills, latency, race, report, restore, slow, where
from tests.bench.arena import Arena
from tests.bench.results import Book, Round
from tests.kafka_server import KafkaServer

RESULTS = Path(__file__).parents[2] / "docs/bench/results.json"
_STATEFUL = ("ours", "bare", "faust", "faust-eos", "quix", "streams")
_RESTORED = ("ours", "faust", "quix", "streams")  # the bare loop does not restore, "exactly once" Faust never ends


@dataclass(frozen=True, slots=True)
class Row:
    """`run(arena, contestants, rounds)` yields each round as it ends."""

    who: Sequence[str]
    run: Callable[[Arena, Sequence[str], int], Iterator[tuple[str, Round]]]


_ROWS: Mapping[str, Row] = {
    **{row: Row(sorted(race.wanted(row)), partial(race.laps, row)) for row in race.RACES},
    "idle": Row(("ours",), idle.run),
    "latency-20": Row(("ours", "bare"), partial(latency.at, "ping", 20)),
    "latency-200": Row(("ours", "bare"), partial(latency.at, "ping", 200)),
    "w3-latency": Row(_STATEFUL, partial(latency.at, "w3", 200)),
    "slow": Row(("ours", "asyncio", "parallel"), slow.run),
    "restore": Row(_RESTORED, restore.run),
    "count": Row(("ours",), count.run),
    "kills": Row(("ours", "faust", "faust-eos", "quix", "streams"), kills.run),
    "w2-profile": Row(("ours",), partial(where.of, "w2")),
    "w3-profile": Row(("ours",), partial(where.of, "w3")),
}
_SMOKE = ("w2", "w3", "w3-latency", "slow", "count")


@click.command(context_settings={"help_option_names": ["-h", "--help"]}, epilog=f"Rows: {', '.join(_ROWS)}.")
@click.option("--smoke", is_flag=True, help="Two minutes: ours and the bare loop, nothing written.")
@click.option("--olist", type=click.Path(path_type=Path, exists=True), help="Orders from these CSV files.")
@click.option("--only", multiple=True, type=click.Choice(list(contestants.ALL)), help="These contestants; repeatable.")
@click.option("--rounds", default=3, show_default=True, help="Of each contestant, in turn.")
@click.option("--more", is_flag=True, help="Add to the rounds that the results have.")
@click.option("--report", "is_report", is_flag=True, help="Only write docs/bench.md and its pictures.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path, dir_okay=False), help="Of all rows so far.")
@click.argument("rows", nargs=-1, type=click.Choice(list(_ROWS)))
def main(rows: tuple[str, ...], is_report: bool, **how: Any) -> None:
    """Ours, stock Faust, Quix Streams, Kafka Streams and a bare loop. Exit code 1 where what was asked is not met."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds: no contestant outlives the bench
    if not is_report:
        rows = rows or (_SMOKE if how["smoke"] else tuple(_ROWS))
        if how["smoke"]:
            with tempfile.TemporaryDirectory(prefix="crossdock-smoke-") as place:
                _race(rows, how | {"results": Path(place) / "results.json", "only": how["only"] or ("ours", "bare")})
            return
        _race(rows, how)
    book = Book(how["results"])
    report.write(book, how["results"].parents[1] / "bench.md")
    sys.exit(any(each.is_met is False for each in asked.answers(book)))


def _race(rows: Sequence[str], how: Mapping[str, Any]) -> None:
    book = Book(how["results"])
    extra = {"transaction.max.timeout.ms": "60000"}  # what Quix and Faust ask for
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as root, KafkaServer(extra) as kafka:
        arena = Arena(kafka, Path(root), how["olist"], how["smoke"])
        for name in rows:
            row = _ROWS[name]
            wanted = [who for who in row.who if not how["only"] or who in how["only"]]
            skipped = {who: why for who in wanted if (why := contestants.missing(who))}
            book.begin(name, skipped, more=how["more"])
            who = [each for each in wanted if each not in skipped]
            for contestant, found in row.run(arena, who, 1 if how["smoke"] else how["rounds"]):
                book.add(name, contestant, found)
                click.echo(f"{name:12} {contestant:14} {_said(found)}")


def _said(found: Round) -> str:
    return ", ".join(f"{name} {value:,g}" for name, value in found.items())


if __name__ == "__main__":
    main()
