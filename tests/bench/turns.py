"""Rounds in turn: each contestant once, then each again; what one of them cannot do ends nobody else's turn."""

from collections.abc import Callable, Iterator, Sequence

import click

from tests.bench.results import Round

_QUIET = 0.5  # cores that others may use in a round that counts
_TRIES = 3


def turns(who: Sequence[str], rounds: int, trial: Callable[[str], Round]) -> Iterator[tuple[str, Round]]:
    """`failed` 1 is the round of a contestant that got stuck or ended."""
    for _ in range(rounds):
        for name in who:
            try:
                yield name, trial(name)
            except TimeoutError as error:
                click.echo(f"{name}: {error}", err=True)
                yield name, {"failed": 1.0}


def quietest(trial: Callable[[], Round]) -> Round:
    """A round that others disturbed is run again; where all were, the one that they disturbed least counts."""
    tries: list[Round] = []
    while not tries or (tries[-1]["others"] > _QUIET and len(tries) < _TRIES):
        tries.append(trial())
    return min(tries, key=lambda found: found["others"])
