"""Chaos as a campaign: rounds of faults until there were enough. `uv run python -m tests.chaos --faults 1000`"""

import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import click

from streams.verbs.progress import steps
from tests.chaos.faults import DECK, Fault
from tests.chaos.play import Outcome, play
from tests.chaos.report import report
from tests.kafka_server import KafkaServer

_ROUND = 2 * DECK


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--faults", type=click.IntRange(1), default=_ROUND, show_default=True, help="How many in all.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the first round; the next one has the next.")
@click.option("--patience", type=float, default=180.0, show_default=True, help="Seconds to come to rest after a round.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Keep maps, logs and states here.")
@click.option("--report", "target", type=click.Path(path_type=Path, dir_okay=False), help="Write what came out here.")
def main(faults: int, seed: int, patience: float, home: Path | None, target: Path | None) -> None:
    """Kill, freeze and mislead a running system FAULTS times, and judge it by its laws; exit code 1 if one is broken.

    \b
    Example:
      uv run python -m tests.chaos --faults 320 --seed 7 --report docs/chaos.md
    """
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="crossdock-chaos-") as scratch, KafkaServer() as kafka, steps() as progress:
        while (done := sum(len(each.faults) for each in outcomes)) < faults:
            number = seed + len(outcomes)
            place = (home or Path(scratch)) / f"round-{number}"
            place.mkdir(parents=True)
            struck = count(done)

            def tell(_: Fault, struck: Iterator[int] = struck) -> None:
                progress("faults", next(struck), faults)

            outcomes.append(play(kafka, place, number, min(_ROUND, faults - done), patience, tell))
            click.echo("\n  ".join([f"{outcomes[-1]}", *outcomes[-1].wrong[:20]]))
            if target is not None:
                target.write_text("\n".join(report(outcomes)) + "\n", encoding="utf-8")
    sys.exit(any(outcome.wrong for outcome in outcomes))


if __name__ == "__main__":
    main()
