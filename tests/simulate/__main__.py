"""`python -m tests.simulate --seeds 1000 --jobs 2`; `--seed S --trace` shows one; `--mutants` shows what is found."""

import sys
import time

import click

from tests.simulate.campaign import first_broken, quiet, run, shown
from tests.simulate.mutants import MUTANTS, planted
from tests.simulate.play import Outcome, play


@click.command()
@click.option("--seeds", default=200, show_default=True, help="So many, beginning with --from.")
@click.option("--from", "first", default=0, show_default=True, help="The first seed.")
@click.option("--seed", "only", type=int, help="This seed and no other.")
@click.option("--trace", is_flag=True, help="With --seed: what happened, line by line.")
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@click.option("--mutant", default="", help="With this deliberate bug.")
@click.option("--mutants", is_flag=True, help="Every deliberate bug, and how many seeds it takes to find it.")
def main(mutant: str, mutants: bool, only: int | None, trace: bool, **many: int) -> None:
    """Plays seeds over the runtime's real code; exit code 1 where one of them broke something."""
    if mutants:
        sys.exit(_mutants(many["seeds"], [mutant] if mutant else list(MUTANTS)))
    if only is not None:
        with quiet(), planted(mutant):
            sys.exit(_one(only, trace))
    seeds = range(many["first"], many["first"] + many["seeds"])
    sys.exit(_many(seeds, many["jobs"], mutant))


def _one(seed: int, is_traced: bool) -> int:
    say = (lambda at, who, what: click.echo(f"{at:9.3f}  {who:26} {what}")) if is_traced else None
    outcome = play(seed, say)
    _tell(outcome)
    return 1 if outcome.violations else 0


def _many(seeds: range, jobs: int, mutant: str) -> int:
    began, turns, faults, broken = time.perf_counter(), 0, 0, 0
    with shown(len(seeds)) as bar:
        for outcome in run(seeds, jobs, mutant):
            bar.one_more()
            turns, faults = turns + outcome.turns, faults + outcome.faults
            if outcome.violations:
                broken += 1
                bar.say(f"seed {outcome.seed}: {outcome.violations[0].strip()[-400:]}")
    took = time.perf_counter() - began
    click.echo(
        f"{len(seeds)} seeds from {seeds[0]}, {turns} turns, {faults} faults, {took:.0f} s "
        f"({len(seeds) / took:.1f} seeds/s): {broken} broken"
    )
    return 1 if broken else 0


def _mutants(most: int, wanted: list[str]) -> int:
    missed = 0
    for name in wanted:
        needed, outcome = first_broken(name, most)
        missed += outcome is None
        how = outcome.violations[0].strip().splitlines()[-1][:110] if outcome else "NOT FOUND"
        click.echo(f"| {name} | {MUTANTS[name].what} | {needed if outcome else f'> {needed}'} | {how} |")
    return 1 if missed else 0


def _tell(outcome: Outcome) -> None:
    for violation in outcome.violations:
        click.echo(violation)
    click.echo(f"seed {outcome.seed}: {outcome.turns} turns, {outcome.faults} faults, {outcome.seconds:.1f} s of time")


if __name__ == "__main__":
    main()
