"""The campaign: every property with its share of the inputs. `uv run python -m tests.fuzz --inputs 100000`"""

import importlib
import logging
import random
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import click

from streams.verbs import printed
from tests.fuzz.properties import PROPERTIES, Property, counts

_EVERY_S = 5.0
SLICE = 200


def gather(areas: tuple[str, ...]) -> list[Property]:
    """The properties of these areas, or of all of them."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.fuzz.{file.stem}")
    known = {each.area for each in PROPERTIES}
    if unknown := set(areas) - known:
        raise click.BadParameter(f"no area is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [each for each in PROPERTIES if not areas or each.area in areas]


class Attack:
    """One property and its share of the inputs, in slices with seeds of their own; those ever found come first."""

    def __init__(self, each: Property, inputs: int, seed: int) -> None:
        self.each, self._inputs, self._seed = each, inputs, seed
        self.done, self._slices, self.is_broken = 0, 0, False

    @property
    def is_due(self) -> bool:
        return not self.is_broken and self.done < self._inputs

    def go_on(self) -> None:
        before = counts[self.each.area]
        try:
            self.each.run(min(self._inputs - self.done, SLICE), self._seed + self._slices, self._slices == 0)
        except Exception:  # whatever a property raises is what the campaign is for
            self.is_broken = True
            logging.getLogger(__name__).exception("%s (seed %d)", self.each.name, self._seed + self._slices)
        self._slices += 1
        self.done += max(1, counts[self.each.area] - before)


def campaign(attacks: list[Attack], until_s: float) -> None:
    """All of them in turn, a slice each, so that one that is cut short is so everywhere."""
    told = time.monotonic()
    while any(each.is_due for each in attacks) and time.monotonic() < until_s:
        for each in attacks:
            if each.is_due and time.monotonic() < until_s:
                each.go_on()
            if time.monotonic() - told > _EVERY_S:
                told = time.monotonic()
                _say(f"{counts.total():9,}  {each.each.area}: {each.each.name}")


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option("--inputs", type=click.IntRange(1), default=100_000, help="How many in all; default 100000.")
@click.option("--seed", type=int, help="The same seed makes the same inputs; default a new one, which is shown.")
@click.option("--area", multiple=True, help="Only this area; may be repeated.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=60.0, help="At most so long; default 60.")
def main(inputs: int, seed: int | None, area: tuple[str, ...], minutes: float) -> None:
    """Hostile inputs of every kind; exit code 0 only if everything held."""
    warnings.simplefilter("error")
    logging.getLogger("streams").setLevel(logging.CRITICAL)  # what engines say of noise is not of interest
    chosen, number = gather(area), random.randrange(1 << 30) if seed is None else seed
    total, began = sum(each.weight for each in chosen), time.monotonic()
    _say(f"seed {number}")
    attacks = [Attack(each, -(-inputs * each.weight // total), number) for each in chosen]
    campaign(attacks, began + minutes * 60)
    broken = Counter(each.each.area for each in attacks if each.is_broken)
    rows = [
        (name, f"{counts[name]:,}", f"{broken[name]} broken" if broken[name] else "held") for name in sorted(counts)
    ]
    printed.table(
        ("area", "inputs", ""), [*rows, ("in all", f"{counts.total():,}", f"{time.monotonic() - began:.0f} s")]
    )
    sys.exit(1 if broken.total() else 0)


if __name__ == "__main__":
    main()
