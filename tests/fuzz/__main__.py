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


def gather(areas: tuple[str, ...]) -> list[Property]:
    """The properties of these areas, or of all of them."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.fuzz.{file.stem}")
    known = {each.area for each in PROPERTIES}
    if unknown := set(areas) - known:
        raise click.BadParameter(f"no area is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [each for each in PROPERTIES if not areas or each.area in areas]


def attack(each: Property, inputs: int, seed: int) -> bool:
    """Whether it held; slices of a campaign show that it lives, and each has a seed of its own."""
    before, began, told, piece = counts[each.area], time.monotonic(), 0.0, seed
    while (left := inputs - (counts[each.area] - before)) > 0:
        try:
            each.run(min(left, 500), piece, piece == seed)
        except Exception:  # whatever a property raises is what the campaign is for
            logging.getLogger(__name__).exception("%s: %s (seed %d)", each.area, each.name, piece)
            return False
        piece += 1
        if time.monotonic() - told > _EVERY_S:
            told = time.monotonic()
            _say(f"{each.area:12} {counts[each.area] - before:7,} of {inputs:,}  {each.name}")
    _say(f"{each.area:12} {counts[each.area] - before:7,} held in {time.monotonic() - began:.0f} s: {each.name}")
    return True


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option("--inputs", type=click.IntRange(1), default=100_000, help="How many in all; default 100000.")
@click.option("--seed", type=int, help="The same seed makes the same inputs; default a new one, which is shown.")
@click.option("--area", multiple=True, help="Only this area; may be repeated.")
def main(inputs: int, seed: int | None, area: tuple[str, ...]) -> None:
    """Hostile inputs of every kind; exit code 0 only if everything held."""
    warnings.simplefilter("error")
    logging.getLogger("streams").setLevel(logging.CRITICAL)  # what engines say of noise is not of interest
    chosen, number = gather(area), random.randrange(1 << 30) if seed is None else seed
    total, broken, began = sum(each.weight for each in chosen), Counter[str](), time.monotonic()
    _say(f"seed {number}")
    for each in chosen:
        broken[each.area] += not attack(each, -(-inputs * each.weight // total), number)
    rows = [
        (name, f"{count:,}", "held" if not broken[name] else f"{broken[name]} broken") for name, count in counts.items()
    ]
    printed.table(
        ("area", "inputs", ""), [*rows, ("in all", f"{counts.total():,}", f"{time.monotonic() - began:.0f} s")]
    )
    sys.exit(1 if broken.total() else 0)


if __name__ == "__main__":
    main()
