"""feed and simulate: orders, providers and partners from outside the system."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.verbs import options, printed
from streams.verbs.progress import Step, steps
from streams.verbs.system import System

if TYPE_CHECKING:
    from streams.contracts.topology import Channel
    from streams.ops.feed import Pace, Progress, Tally
    from streams.ops.rows import BadRow, Row

_Share = click.FloatRange(0, 1)
_Seconds = click.FloatRange(0)
FEED = "feed"


@click.command(FEED, cls=options.Verb)
@click.argument("file", required=False, metavar="[FILE.jsonl]", type=click.Path(exists=True, path_type=Path))
@click.option("--olist", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The Olist CSV files.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Orders a second; default as fast as it goes.")
@click.option("--limit", type=click.IntRange(0), help="At most so many orders.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Pass over so many orders first.")
@options.as_json
def feed(file: Path | None, olist: Path | None, as_json: bool, **pace: Any) -> None:
    """Send orders and provider profiles from JSON lines, or from the public Olist data set.

    A bad row is reported with its line and skipped.

    \b
    Example:
      python cli.py feed --olist data/olist --rate 20 --limit 500
      python cli.py feed orders.jsonl
    """
    from streams.ops.feed import Pace

    if (file is None) == (olist is None):
        raise click.UsageError("give either FILE.jsonl or --olist DIR")
    tally = _feed(_rows(file, olist), Pace(**pace))
    if as_json:
        return printed.data(tally)
    click.echo(f"{tally.orders} orders, {tally.cancellations} cancellations, {tally.profiles} provider profiles sent")
    if tally.bad_rows:
        click.echo(f"{tally.bad_rows} bad rows skipped", err=True)


def _rows(file: Path | None, olist: Path | None) -> "Callable[[], Iterator[Row | BadRow]]":
    from streams.ops.olist import read
    from streams.ops.rows import json_lines

    return (lambda: json_lines(file)) if file else (lambda: read(olist or Path()))


def _feed(rows: "Callable[[], Iterator[Row | BadRow]]", pace: "Pace") -> "Tally":
    from streams.ops.feed import counted
    from streams.ops.feed import feed as perform
    from streams.ops.sender import open_sender
    from streams.ops.stopping import RealClock, stop_on_signals

    system = System()
    total = counted(rows(), pace) if sys.stderr.isatty() else 0
    with (
        steps() as step,
        stop_on_signals() as stop,
        open_sender(system.settings, system.topology, FEED) as sender,
    ):
        return perform(rows(), sender.send, pace, _watched(step, total), RealClock(stop))


def _watched(step: Step, total: int) -> "Progress":
    def progress(tally: "Tally", bad: "BadRow | None") -> None:
        if bad is not None:
            click.echo(str(bad), err=True)
        if tally.orders:
            step("orders", tally.orders, total)
        else:
            step("provider profiles", tally.profiles, 0)

    return progress


@click.group("simulate", cls=options.Verbs)
def simulate() -> None:
    """Stand-ins for the world outside: providers and partners."""


@simulate.command("providers")
@click.option("--accept", type=_Share, default=0.6, help="Share of offers accepted; default 0.6.")
@click.option("--decline", type=_Share, default=0.2, help="Share declined, the rest stays unanswered; default 0.2.")
@click.option("--delay", "delay_s", type=(_Seconds, _Seconds), default=(0.05, 2.0), help="Seconds to think, from to.")
@click.option("--duplicate", type=_Share, default=0.05, help="Share of acceptances sent twice; default 0.05.")
@click.option("--seed", type=int, default=0, help="The same seed answers alike.")
@options.as_json
def providers(as_json: bool, **habits: Any) -> None:
    """Answer offers until interrupted.

    \b
    Example:
      python cli.py simulate providers --accept 0.3 --decline 0.5 --delay 0.1 5
    """
    from streams.ops.simulate_providers import Habits
    from streams.ops.simulate_providers import simulate as perform
    from streams.ops.stopping import stop_on_signals

    if habits["accept"] + habits["decline"] > 1:
        raise click.UsageError("--accept and --decline are shares of the same offers: together at most 1")
    system = System()
    with steps() as step, stop_on_signals() as stop:
        answered = perform(
            system.settings, system.topology, Habits(**habits), lambda so_far: step("offers", so_far.offers, 0), stop
        )
    if as_json:
        return printed.data(answered)
    click.echo(f"{answered.offers} offers: {answered.accepted} accepted, {answered.declined} declined, "
               f"{answered.silent} left unanswered, {answered.repeated} acceptances repeated")  # fmt: skip


@simulate.command("partner")
@click.argument("partner", required=False)
@click.option("--port", type=click.IntRange(0, 65535), help="Default: the port of the partner's webhook.")
@click.option("--fail-rate", type=_Share, default=0.0, help="Share of deliveries that fail.")
@click.option("--status", type=click.IntRange(300, 599), default=500, help="What a failure answers; default 500.")
@click.option("--slow", type=_Seconds, default=0.0, help="Seconds before each answer.")
@click.option("--down-for", type=_Seconds, default=0.0, help="Cut connections off for so many seconds first.")
@click.option("--retry-after", type=_Seconds, default=0.0, help="Seconds for the Retry-After header of failures.")
@click.option("--seed", type=int, default=0, help="The same seed fails alike.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Append each delivery as a JSON line.")
@options.as_json
def partner(as_json: bool, **wanted: Any) -> None:
    """Receive a partner's webhooks until interrupted: checks signatures, counts, fails when told to.

    GET /stats counts, PUT /behaviour changes how it answers. PARTNER defaults to the map's first one with a webhook.

    \b
    Example:
      python cli.py simulate partner partner_x --fail-rate 0.2 --status 503
    """
    stats = _receive(**wanted)
    if as_json:
        return printed.data(stats)
    click.echo(f"{stats.total} deliveries: {stats.distinct} taken, {stats.repeats} again, {stats.failed} failed, "
               f"{stats.unsigned} without a valid signature, {stats.violations} out of order")  # fmt: skip


def _receive(partner: str | None, port: int | None, seed: int, log: Path | None, **behaviour: Any) -> Any:
    from contextlib import ExitStack

    from streams.ops.simulate_partner import Behaviour, Partner, serve
    from streams.ops.stopping import stop_on_signals

    name, channel = _webhook(partner)
    address = click.get_text_stream("stderr")
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        file = stack.enter_context(log.open("a", encoding="utf-8")) if log else None
        endpoint = Partner(_secret(name, channel), Behaviour(**behaviour), seed, file)

        def ready(bound: int) -> None:
            print(f"{name} listens on http://127.0.0.1:{bound}", file=address, flush=True)

        asyncio.run(serve(endpoint, _port(channel) if port is None else port, stop, ready))
    return endpoint.ledger.stats


def _webhook(partner: str | None) -> "tuple[str, Channel]":
    channels = {group: one.channel for group, one in System().topology.stanzas.items() if one.channel}
    webhooks = {group: channel for group, channel in channels.items() if channel.kind == "webhook"}
    name = partner or next(iter(webhooks), "")
    if name not in webhooks:
        known = ", ".join(webhooks) or "none"
        raise click.BadParameter(f"the map has no partner {name} with a webhook; it has {known}", param_hint="PARTNER")
    return name, webhooks[name]


def _secret(partner: str, channel: "Channel") -> str:
    from streams.contracts.signatures import variables

    held = [os.environ.get(name, "") for name in variables(channel.options.get("secret_env", ()))]
    if not any(held):
        names = " or ".join(variables(channel.options.get("secret_env", ())))
        raise click.ClickException(f"{names} is not set; it must hold the secret of {partner}, whsec_ and base64")
    return " ".join(held)


def _port(channel: "Channel") -> int:
    from urllib.parse import urlsplit

    return urlsplit(channel.target).port or 80
