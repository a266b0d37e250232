"""partners replay: what a partner has had already, once more."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from streams.verbs import options, printed
from streams.verbs.progress import steps
from streams.verbs.system import System

if TYPE_CHECKING:
    from streams.contracts.topology import Stanza
    from streams.ops.replay import Count

_RATE = 100.0


@click.command("replay", cls=options.Verb)
@click.argument("partner")
@click.option("--all", "everything", is_flag=True, help="All that the partner's topics still keep.")
@click.option("--since", type=options.Moment(), help="Appended since then: 2026-11-22T10:00, or 2h ago: 2h.")
@click.option("--until", type=options.Moment(), help="Appended before then.")
@click.option("--key", help="Only of this key.")
@click.option("--dry-run", is_flag=True, help="Only say what would be asked.")
@click.option("--rate", type=click.FloatRange(0), default=_RATE, help="Records a second; default 100, 0: no limit.")
@options.as_json
def replay(partner: str, everything: bool, dry_run: bool, rate: float, as_json: bool,
           **span: str | datetime | None) -> None:  # fmt: skip
    """Deliver again what a partner has had already, with the same ids, each key in its order.

    \b
    Example:
      python cli.py partners replay partner_x --since 2h --dry-run
      python cli.py partners replay partner_x --since 2026-11-22T10:00 --until 2026-11-22T11:00 --rate 20
    """
    from streams.ops.replay import Span, command, counts, had

    if not everything and not any(span.values()):
        raise click.UsageError("say what: --since, --until, --key, or --all")
    stanza, cluster = _stanza(partner), System().cluster()
    found = had(cluster, stanza, Span(**span))  # type: ignore[arg-type]
    if not dry_run:
        with steps() as progress:
            for done, _ in enumerate(command(cluster, partner, found, rate), start=1):
                progress("replay", done, len(found))
    is_heard = dry_run or bool(cluster.members([partner])[partner])
    _report(partner, counts(found), as_json, dry_run)
    if found and not is_heard and not as_json:
        click.echo(f"no worker of {partner} runs now: it acts once `run {partner}` does")


def _report(partner: str, counted: "list[Count]", as_json: bool, dry_run: bool) -> None:
    if as_json:
        return printed.data([asdict(each) | {"asked": not dry_run} for each in counted])
    printed.table(
        ("topic", "records", "first", "last"),
        ((x.topic, x.records, printed.moment(x.first_ms), printed.moment(x.last_ms)) for x in counted),
        empty=f"{partner} has had nothing that is meant",
    )
    if counted:
        asked = f"{partner} would be asked" if dry_run else f"asked {partner}"
        click.echo(f"{asked} to deliver these {sum(each.records for each in counted)} again")


def _stanza(partner: str) -> "Stanza":
    stanzas = System().topology.stanzas
    known = [each.group for each in stanzas.values() if each.kind == "partner"]
    if partner not in known:
        raise click.BadParameter(f"the map has no partner {partner}; it has {', '.join(known) or 'none'}")
    return stanzas[partner]
