"""partners list, plan, apply, pause, resume; parked; lag: who is behind, and why."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from streams.verbs import options, printed
from streams.verbs.progress import steps
from streams.verbs.system import System

if TYPE_CHECKING:
    from streams.ops.onboarding import Onboarding, Step


_abandon = click.option("--abandon", multiple=True, metavar="NAME", help="Who left: leave the records that wait.")


@click.group("partners", cls=options.Verbs)
def partners() -> None:
    """Partners: whether they are up, and what waits for them."""


@partners.command("list")
@options.as_json
def listed(as_json: bool) -> None:
    """State, backlog and oldest undelivered record of every partner.

    \b
    Example:
      python cli.py partners list
    """
    from streams.ops.partners import partners as find

    system = System()
    found = find(system.cluster(), system.topology, datetime.now(UTC))
    if as_json:
        return printed.data(found)
    printed.table(
        ("partner", "channel", "state", "since", "why", "backlog", "oldest", "keys waiting", "dead"),
        (
            (x.partner, x.channel, x.state, printed.moment(x.since_ms), x.reason, x.backlog,
             printed.span(x.oldest_seconds), x.waiting_keys, x.dead)
            for x in found
        ),
        empty="the map has no partners",
    )  # fmt: skip


@partners.command("plan")
@_abandon
@options.as_json
def plan(abandon: tuple[str, ...], as_json: bool) -> None:
    """Say what `apply` would do for partners: topics, schemas, ACLs, dashboards and alerts, and who has left.

    \b
    Example:
      python cli.py partners plan
    """
    system = System()
    steps_of_plan = _onboarding(system, abandon).plan()
    _print_steps(steps_of_plan, as_json, "nothing to do: all is there that partners' stanzas ask for")
    if any(step.kind == "refused" for step in steps_of_plan):
        raise click.exceptions.Exit(1)


@partners.command("apply")
@_abandon
@options.as_json
def apply(abandon: tuple[str, ...], as_json: bool) -> None:
    """Do it: onboard who is new in the map, retire who has left it. Refuses while records wait for somebody who left.

    \b
    Example:
      python cli.py partners apply
      python cli.py partners apply --abandon acme
    """
    with steps() as progress:
        done = _onboarding(System(), abandon).apply(progress)
    _print_steps(done, as_json, "nothing was to do: all is there that partners' stanzas ask for")


@partners.command("pause")
@click.argument("partner")
def pause(partner: str) -> None:
    """Stop delivering to a partner; its messages wait in order.

    \b
    Example:
      python cli.py partners pause partner_x
    """
    _tell(partner, "pause")


@partners.command("resume")
@click.argument("partner")
def resume(partner: str) -> None:
    """Deliver again, also after the partner had asked us to stop (HTTP 410).

    \b
    Example:
      python cli.py partners resume partner_x
    """
    _tell(partner, "resume")


def _tell(partner: str, name: str) -> None:
    from streams.ops.partners import command

    system = System()
    known = [stanza.group for stanza in system.topology.stanzas.values() if stanza.kind == "partner"]
    if partner not in known:
        raise click.BadParameter(f"the map has no partner {partner}; it has {', '.join(known) or 'none'}")
    cluster = system.cluster()
    told = command(cluster, partner, name)
    click.echo(f"told the {told} tasks of {partner} to {name}")
    if not cluster.members([partner])[partner]:
        click.echo(f"no worker of {partner} runs now: it acts once `run {partner}` does")


def _onboarding(system: System, abandoned: tuple[str, ...]) -> "Onboarding":
    from streams.ops.onboarding import Onboarding

    return Onboarding(system.settings, system.topology, abandoned, datetime.now(UTC))


def _print_steps(found: "list[Step]", as_json: bool, empty: str) -> None:
    if as_json:
        return printed.data(found)
    printed.table(("", "name", "what"), ((step.kind, step.name, step.what) for step in found), empty=empty)
