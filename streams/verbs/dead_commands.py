"""dead replay and dead drop: commands about dead letters, acted on by the workers that own them."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from streams.verbs import dead_letters, options, printed
from streams.verbs.progress import steps
from streams.verbs.system import System

if TYPE_CHECKING:
    from streams.ops.dead import Letter

_RATE = 100.0


def _meaning(verb: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        options.as_json,
        click.option(
            "--rate", type=click.FloatRange(0), default=_RATE, help="Letters a second; default 100, 0: no limit."
        ),
        click.option("--dry-run", is_flag=True, help="Only say what would be asked."),
        dead_letters.choosing,
        click.option("--all", "all_open", is_flag=True, help="Every open letter."),
        click.argument("letter", metavar="[TOPIC-PARTITION-OFFSET]", required=False),
    ):
        verb = option(verb)
    return verb


@click.command("replay", cls=options.Verb)
@_meaning
def replay(dry_run: bool, rate: float, as_json: bool, **meant: Any) -> None:
    """Send dead letters round again, with their ids, in the order of the log; a second replay changes nothing.

    \b
    Example:
      python cli.py dead replay lead.accepted.v1-3-1042
      python cli.py dead replay --group partner_x --fingerprint 5f0c2d --dry-run
    """
    found = _meant(**meant)
    asked = _ask("replay", found, None if dry_run else rate)
    if as_json:
        return _as_json(found, asked, dry_run)
    _report("replay", found, dry_run)
    buried = sum(not letter.is_parked for letter in asked)
    if buried:
        click.echo(f"{buried} of them come out of turn: they were buried, so later records of their keys went ahead")


@click.command("drop", cls=options.Verb)
@_meaning
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(dry_run: bool, rate: float, as_json: bool, yes: bool, **meant: Any) -> None:
    """Close dead letters for good; what waits behind them runs on. The records stay in the dead topic.

    \b
    Example:
      python cli.py dead drop lead.accepted.v1-3-1042
    """
    found = _meant(**meant)
    count = sum(letter.is_open for letter in found)
    if count and not (yes or dry_run):
        click.confirm(f"drop {count} dead letter{'s' * (count != 1)} for good?", abort=True, err=True)
    asked = _ask("drop", found, None if dry_run else rate)
    if as_json:
        return _as_json(found, asked, dry_run)
    _report("drop", found, dry_run)


def _meant(letter: str | None, all_open: bool, **choosing: Any) -> "list[Letter]":
    if letter is None and not all_open and not any(choosing.values()):
        raise click.UsageError("say which: a letter of `dead list`, --all, or --group, --fingerprint, --key, --since")
    if letter is None:
        return dead_letters.find(is_open=True, **choosing)
    if all_open:
        raise click.UsageError(f"--all and {letter} exclude each other")
    return [dead_letters.one(dead_letters.find(ids=[letter], is_open=None, **choosing), letter)]


def _ask(name: str, found: "list[Letter]", rate: float | None) -> "list[Letter]":
    """Those that are open, once their tasks are told; a dry run has no rate."""
    from streams.ops.dead import command

    still_open = [letter for letter in found if letter.is_open]
    if rate is not None:
        with steps() as progress:
            for done, _ in enumerate(command(System().cluster(), name, still_open, rate), start=1):
                progress(name, done, len(still_open))
    return still_open


def _as_json(found: "list[Letter]", asked: "list[Letter]", dry_run: bool) -> None:
    printed.data([dead_letters.row(letter) | {"asked": letter in asked and not dry_run} for letter in found])


def _report(name: str, found: "list[Letter]", dry_run: bool) -> None:
    if not found:
        click.echo("no open dead letter is meant")
    for letter in found:
        if not letter.is_open:
            click.echo(f"{letter.id} is no longer open in {letter.group}: replayed or dropped before; nothing to do")
    counts = Counter(letter.group for letter in found if letter.is_open)
    members = System().cluster().members(counts) if counts and not dry_run else counts
    for group, count in counts.items():
        click.echo(f"{group}: {'would ask' if dry_run else 'asked'} to {name} {count}")
        if not members[group]:
            click.echo(f"  no worker of {group} runs now: it acts once `run {group}` does")
