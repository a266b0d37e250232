"""run and demo: the apps, and the whole system at once."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from streams.verbs import options
from streams.verbs.system import System


@click.command("run", cls=options.Verb)
@click.argument("groups", nargs=-1, metavar="[GROUP]...")
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Default: the first free one from 6066.")
@click.option("--abandon", multiple=True, metavar="NAME", help="A partner who left while records wait: leave them.")
def run(groups: tuple[str, ...], metrics_port: int | None, abandon: tuple[str, ...]) -> None:
    """Run the named apps, or all of them, until interrupted.

    Started again, also on this machine, it shares the work.

    \b
    Example:
      python cli.py run
      python cli.py run leads matching --metrics-port 6070
    """
    from streams.ops.orphans import refuse_orphans
    from streams.ops.run import run as perform

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("crossdock").setLevel(logging.INFO)
    system = System()
    wanted = [known for group in groups for known in system.groups(group)]
    refuse_orphans(system.cluster(), system.topology, abandon, datetime.now(UTC))
    raise click.exceptions.Exit(perform(wanted, metrics_port))


@click.command("demo", cls=options.Verb)
@click.option(
    "--olist", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Orders of the Olist files."
)
@click.option("--limit", type=click.IntRange(1), help="So many orders; default 200.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Orders a second; default 20.")
@click.option("--window", type=options.Duration(), help="How long a wave waits; default 5s.")
@click.option("--max-age", type=options.Duration(), help="How long a lead lives; default 30s.")
def demo(**wanted: Any) -> None:
    """The whole system on this machine: Kafka, all apps, providers and partners, orders; ends with a report.

    Exit code 0 only if the laws held.

    \b
    Example:
      python cli.py demo --limit 200 --rate 20
    """
    from streams.contracts.settings import from_env
    from streams.ops.demo.run import run as perform
    from streams.ops.demo.supply import Wish

    wish = Wish(**{name: value for name, value in wanted.items() if value is not None})
    raise click.exceptions.Exit(perform(from_env(), wish))
