"""outbox sql, outbox check: the table that a context's database needs, and whether a relay can work with it."""

import os

import click

from streams.verbs import options, printed
from streams.verbs.system import System


@click.group("outbox", cls=options.Verbs)
def outbox() -> None:
    """Outboxes: events that are written into a database's table with what they tell of."""


@outbox.command("sql")
@click.argument("database", type=click.Choice(["postgres", "mysql"]))
def sql(database: str) -> None:
    """Print the SQL that makes the table and the relay's account; mysql is for MariaDB too.

    \b
    Example:
      python cli.py outbox sql postgres
    """
    from streams.ops.outbox import sql as of_database

    click.echo(of_database(database), nl=False)


@outbox.command("check")
@click.argument("contexts", nargs=-1)
@options.as_json
def check(contexts: tuple[str, ...], as_json: bool) -> None:
    """Say what waits in the outboxes of these contexts, or of all; exit code 1 where a relay could not work.

    \b
    Example:
      python cli.py outbox check customer
    """
    from streams.ops.outbox import check as look

    found = look(System().topology, contexts, os.environ)
    if as_json:
        printed.data(found)
    else:
        printed.table(
            ("context", "by", "waiting", "oldest", "problem"),
            ((x.context, x.by, x.waiting, printed.span(x.oldest_seconds or 0), x.problem) for x in found),
            empty="the map has no outbox",
        )
    if any(one.problem for one in found):
        raise click.exceptions.Exit(1)
