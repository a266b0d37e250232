"""leads show, leads list: where a lead is, and why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from streams.verbs import options, printed
from streams.verbs.system import System

if TYPE_CHECKING:
    from streams.ops.leads import Lead, Leads, Pending
    from streams.ops.whereabouts import Sighting

_STAGES = ("awaiting", "escalated", "accepted", "expired", "cancelled", "unknown")


@click.group("leads", cls=options.Verbs)
def leads() -> None:
    """Leads: where they are, and why."""


@leads.command("show")
@click.argument("id")
@options.as_json
def show(id: str, as_json: bool) -> None:
    """Why the lead of a lead or order id is where it is; exit code 1 where there is none.

    \b
    Example:
      python cli.py leads show lead-e481f51cbdc54678b7cc49136f2d6af7
    """
    lead = _leads().show(id, datetime.now(UTC))
    if as_json:
        printed.data(lead)
    else:
        _print(lead)
    if lead.state is None:
        raise click.exceptions.Exit(1)


@leads.command("list")
@click.option("--stage", type=click.Choice(_STAGES), help="Only those in this stage.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many; default 50.")
@options.as_json
def listed(stage: str | None, limit: int, as_json: bool) -> None:
    """Leads, those that changed last first.

    \b
    Example:
      python cli.py leads list --stage escalated
    """
    found = _leads().recent(stage, limit)
    if as_json:
        return printed.data(found)
    printed.table(
        ("lead", "stage", "wave", "offered", "declined", "winner", "deadline", "last"),
        (
            (x["lead_id"], x["stage"], x["wave"], len(x["offers"]), sum(o["has_declined"] for o in x["offers"]),
             x["winner"], x["deadline"], x["history"][-1]["what"] if x["history"] else None)
            for x in found
        ),
        empty="no leads" + (f" in stage {stage}" if stage else ""),
    )  # fmt: skip


def _leads() -> "Leads":
    from streams.ops.leads import Leads
    from streams.ops.readable import Readable

    system = System()
    return Leads(system.cluster(), system.topology, Readable.of(system.settings))


def _print(lead: "Lead") -> None:
    state: Any = lead.state or {}
    where = f"lead {lead.lead_id} of order {lead.order_id}: {lead.stage or 'unknown to the saga'}"
    click.echo(printed.cell(f"{where}\n{lead.why}\n"))
    for title, columns, rows in (
        ("Offers", ("provider", "wave", "answer"), map(_offer, state.get("offers", ()))),
        ("Strangers", ("provider", "answer"), ((s["provider_id"], s["answer"]) for s in state.get("strangers", ()))),
        ("Timers", ("timer", "wave", "due", "in"), map(_timer, lead.timers)),
        ("Records on the way", ("record", "appended", "group", "is", "because", "due"), map(_sighting, lead.records)),
        ("History", ("when", "what", "why"), ((h["at"], h["what"], h["why"]) for h in state.get("history", ()))),
    ):
        printed.table(columns, rows, title=title)


def _offer(offer: Any) -> Sequence[Any]:
    answer = offer["answer"] or ("declined" if offer["has_declined"] else "none")
    return offer["provider_id"], offer["wave"], answer


def _timer(timer: "Pending") -> Sequence[Any]:
    return timer.name, timer.wave, timer.due, printed.span(timer.remaining_seconds)


def _sighting(one: "Sighting") -> Sequence[Any]:
    return one.record, printed.moment(one.time_ms), one.group, one.fate, one.detail, printed.moment(one.due_ms)
