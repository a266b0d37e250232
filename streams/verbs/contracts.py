"""topics plan and apply, schemas check and publish, compose: what the map asks for."""

from typing import TYPE_CHECKING

import click

from streams.verbs import options, printed
from streams.verbs.progress import steps
from streams.verbs.system import System

if TYPE_CHECKING:
    from streams.ops.schemas import Standing
    from streams.ops.topics import Change


@click.group("topics", cls=options.Verbs)
def topics() -> None:
    """Topics: what the map asks for against what the cluster has."""


@topics.command("plan")
@options.as_json
def plan(as_json: bool) -> None:
    """Say what `apply` would do; exit code 1 where it would refuse.

    \b
    Example:
      python cli.py topics plan
    """
    from streams.ops.topics import planned

    system = System()
    changes = planned(system.settings, system.topology)
    _print_changes(changes, as_json, "nothing to do: the cluster has what the map asks for")
    if any(change.kind == "refused" for change in changes):
        raise click.exceptions.Exit(1)


@topics.command("apply")
@options.as_json
def apply(as_json: bool) -> None:
    """Make topics and settings as the map asks for; never deletes.

    \b
    Example:
      python cli.py topics apply
    """
    from streams.ops.topics import apply as perform

    system = System()
    with steps() as progress:
        changes = perform(system.settings, system.topology, progress)
    _print_changes(changes, as_json, "nothing was to do: the cluster has what the map asks for")


def _print_changes(changes: "list[Change]", as_json: bool, empty: str) -> None:
    if as_json:
        return printed.data([{"kind": c.kind, "topic": c.topic, "what": c.what} for c in changes])
    printed.table(("", "topic", "what"), ((c.kind, c.topic, c.what) for c in changes), empty=empty)


@click.group("schemas", cls=options.Verbs)
def schemas() -> None:
    """Schemas: the contracts of schemas/ against the registry."""


@schemas.command("check")
@options.as_json
def check(as_json: bool) -> None:
    """Say what `publish` would write; exit code 1 where it would refuse.

    \b
    Example:
      python cli.py schemas check
    """
    from streams.ops.schemas import check as compare

    system = System()
    standings = compare(system.settings, system.topology)
    _print_standings(standings, as_json)
    if any(one.state == "incompatible" for one in standings):
        raise click.exceptions.Exit(1)


@schemas.command("publish")
@options.as_json
def publish(as_json: bool) -> None:
    """Publish every schema of the map that the registry does not have; refuses what would break a reader.

    \b
    Example:
      python cli.py schemas publish
    """
    from streams.ops.schemas import publish as perform

    system = System()
    _print_standings(perform(system.settings, system.topology), as_json)


def _print_standings(standings: "list[Standing]", as_json: bool) -> None:
    if as_json:
        return printed.data(standings)
    rows = ((one.state, one.subject, one.record, one.id, one.problems) for one in standings)
    printed.table(("", "subject", "record", "id", "problems"), rows, empty="the map has no schemas")


@click.command("compose", cls=options.Verb)
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 where a file is not as the map asks.")
def compose(check: bool) -> None:
    """Write docker/compose.yaml, Prometheus' configuration, alerts and dashboards from the map.

    \b
    Example:
      python cli.py compose && docker compose -f docker/compose.yaml up
    """
    from streams.ops import compose as files

    stale = files.stale(System().topology)
    for name in stale:
        click.echo(f"docker/{name} {'is not as the map asks' if check else 'written'}")
    if not stale:
        click.echo("docker/ is as the map asks")
    elif check:
        raise click.exceptions.Exit(1)
    files.write(stale)
