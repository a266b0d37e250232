"""The figures of the issue, ours beside a bare loop in the same run. `uv run python -m tests.bench [--smoke] [ROW…]`"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from tests.bench import count, figures, idle, latency, race, restart
from tests.bench.arena import Arena
from tests.bench.figures import Figure
from tests.kafka_server import KafkaServer

Run = Callable[[Arena], Figure | list[Figure]]
_RUNS: dict[str, Run] = {
    **{each.ours: partial(race.run, race=each) for each in race.RACES},
    "idle": idle.run,
    "latency-20": partial(latency.run, rate=20),
    "latency-200": partial(latency.run, rate=200),
    "count": count.run,
    "restart": restart.run,
}
_NOT_IN_SMOKE = {"restart", "latency-20"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]}, epilog=f"Rows: {', '.join(_RUNS)}.")
@click.option("--smoke", is_flag=True, help="At most four minutes: a short round each, 30,000 events and 3 kills.")
@click.option("--olist", type=click.Path(path_type=Path, exists=True), help="Orders from these CSV files.")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures there too.")
@click.argument("rows", nargs=-1, type=click.Choice(list(_RUNS)))
def main(smoke: bool, olist: Path | None, file: Path | None, rows: tuple[str, ...]) -> None:
    """All rows, or those named. Exit code 1 where something asked for is not met."""
    chosen = rows or tuple(row for row in _RUNS if not (smoke and row in _NOT_IN_SMOKE))
    found: list[Figure] = []
    extra = {"transaction.max.timeout.ms": "30000"}
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as root, KafkaServer(extra) as kafka:
        arena = Arena(kafka, Path(root), olist, smoke)
        for row in chosen:
            click.echo(f"{row} …", err=True)
            made = _RUNS[row](arena)
            found += made if isinstance(made, list) else [made]
    figures.show(found)
    if file is not None:
        file.write_text(figures.as_json(found), encoding="utf-8")
    sys.exit(any(each.is_met is False for each in found))


if __name__ == "__main__":
    main()
