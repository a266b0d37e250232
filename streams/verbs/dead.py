"""dead list, show, replay, drop and parked: records that gave up, and keys that wait behind them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from streams.verbs import options, printed

_MANY = 1_000_000  # a terminal is told of every letter only while somebody can read them


@click.group("dead", cls=options.Verbs)
def dead() -> None:
    """Dead letters: list, show, replay, drop."""


def _choosing(verb: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--until", type=options.Moment(), help="Last failed before: a time, or a span ago."),
        click.option("--since", type=options.Moment(), help="Last failed since: 2026-11-22T10:00, or 2h (ago)."),
        click.option("--key", help="Only of this key."),
        click.option("--fingerprint", help="Only failures of this fingerprint."),
        click.option("--group", help="Only of this group."),
    ):
        verb = option(verb)
    return verb
