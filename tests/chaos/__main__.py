"""Chaos as a campaign: rounds of faults until there were enough. `uv run python -m tests.chaos --faults 1000`"""

import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import click

from streams.verbs.progress import Step, steps
from tests.bench.__main__ import RESULTS
from tests.chaos import rounds as book
from tests.chaos.brokers import Brokers, OneBroker, ThreeBrokers
from tests.chaos.faults import DECK, Fault, schedule
from tests.chaos.play import play
from tests.chaos.report import FAUST, ONE, THREE, report
from tests.chaos.rounds import Round
from tests.chaos.signals import signals

_SETTINGS = {"one": ONE, "three": THREE, "faust": FAUST}


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was asked for on the command line."""

    faults: int
    on: str
    seed: int | None
    size: int
    pace: float
    minutes: float
    patience: float
    home: Path | None
    rounds: Path | None
    report: Path | None
    counted: Path

    @property
    def setting(self) -> str:
        return _SETTINGS[self.on]

    def done(self, played: Sequence[Round]) -> list[Round]:
        """Those on the same brokers and with the same kinds of faults."""
        return [each for each in played if each.setting == self.setting]

    def is_due(self, played: Sequence[Round]) -> bool:
        """Whether faults are left to come; if not, there is only a report to draw."""
        return self.faults > book.faults_of(self.done(played))

    def next_round(self, played: Sequence[Round]) -> tuple[int, list[Fault]]:
        """Its seed and its faults; Faust's schedule goes on where the last round left it."""
        done = self.done(played)
        seed = done[-1].seed + 1 if done else self.seed or 1
        size = min(self.size, self.faults - book.faults_of(done))
        if self.on == "faust":
            return seed, signals(book.faults_of(done), size, self.pace)
        return seed, schedule(seed, size, 3 if self.on == "three" else 1)

    def draw(self, played: Sequence[Round]) -> None:
        if self.report is not None:
            self.report.write_text("\n".join(report(played, self.counted)) + "\n", encoding="utf-8")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--faults", type=click.IntRange(1), default=2 * DECK, show_default=True, help="How many in all.")
@click.option(
    "--on", type=click.Choice(list(_SETTINGS)), default="three", show_default=True, help="On what, with which."
)
@click.option("--seed", type=int, help="Of the first round; default 1, or after those kept.")
@click.option("--size", type=click.IntRange(1), default=2 * DECK, show_default=True, help="Faults a round.")
@click.option("--pace", type=click.FloatRange(0.1), default=1.0, help="How much faster than in Faust's own schedule.")
@click.option("--minutes", type=float, default=float("inf"), help="Begin no round after so long.")
@click.option("--patience", type=float, default=180.0, show_default=True, help="Seconds to come to rest after a round.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Keep maps, logs and states here.")
@click.option("--rounds", type=click.Path(path_type=Path, dir_okay=False), help="Keep rounds here, go on there.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Draw what came out here.")
@click.option("--counted", type=click.Path(path_type=Path), default=RESULTS, help="Where `tests.bench count` wrote.")
def main(**asked: Any) -> None:
    """Kill, freeze, cut off and mislead a running system, and judge it by its laws; exit code 1 if one is broken.

    \b
    Example, an hour and a half in slices of half an hour:
      uv run python -m tests.chaos --faults 1000 --rounds chaos.jsonl --report docs/chaos.md --minutes 30
    """
    campaign = Campaign(**asked)
    played = book.known(campaign.rounds) if campaign.rounds else []
    before = len(played)
    if campaign.is_due(played):
        _go_on(campaign, played)
    campaign.draw(played)
    sys.exit(any(each.wrong for each in played[before:]))


def _go_on(campaign: Campaign, played: list[Round]) -> None:
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-chaos-")))
        kafka: Brokers = ThreeBrokers() if campaign.on == "three" else OneBroker()
        stack.enter_context(kafka)
        progress, began = stack.enter_context(steps()), time.monotonic()
        while campaign.is_due(played) and time.monotonic() - began < 60 * campaign.minutes:
            played.append(_play(campaign, kafka, played, scratch, progress))
            if campaign.rounds is not None:
                book.add(campaign.rounds, played[-1])
            campaign.draw(played)


def _play(campaign: Campaign, kafka: Brokers, played: Sequence[Round], scratch: Path, progress: Step) -> Round:
    seed, faults = campaign.next_round(played)
    home = (campaign.home or scratch) / f"{campaign.on}-{seed}"
    home.mkdir(parents=True)
    struck = count(book.faults_of(campaign.done(played)))

    def tell(fault: Fault) -> None:
        progress("faults", next(struck), campaign.faults)
        if campaign.home is not None:
            with (home / "faults.log").open("a", encoding="utf-8") as log:
                log.write(f"{datetime.now(UTC):%H:%M:%S} {fault}\n")

    outcome = play(kafka, home, seed, faults, campaign.patience, tell)
    click.echo("\n  ".join([f"{outcome}", *outcome.wrong[:20]]))
    return book.round_of(campaign.setting, outcome, campaign.pace)


if __name__ == "__main__":
    main()
