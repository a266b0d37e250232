"""parked and lag: who waits, behind what, and how far groups are behind."""

from datetime import UTC, datetime

import click

from streams.verbs import options, printed
from streams.verbs.system import System


@click.command("parked", cls=options.Verb)
@click.option("--group", help="Only of this group.")
@options.as_json
def parked(group: str | None, as_json: bool) -> None:
    """Keys that wait: behind which record, how many records, and since when.

    \b
    Example:
      python cli.py parked --group matching
    """
    from streams.ops.parked import parked as find

    system = System()
    found = find(system.cluster(), system.groups(group))
    if as_json:
        return printed.data(found)
    printed.table(
        ("group", "key", "behind", "where that is", "attempts", "waiting", "since"),
        ((x.group, x.key, x.behind, x.where, x.attempts, x.waiting, printed.moment(x.since_ms)) for x in found),
        empty="no key waits",
    )


@click.command("lag", cls=options.Verb)
@click.argument("groups", nargs=-1)
@click.option("--all", "with_idle", is_flag=True, help="Idle partitions too.")
@options.as_json
def lag(groups: tuple[str, ...], with_idle: bool, as_json: bool) -> None:
    """Records that each group has not handled yet, by topic and partition, and the age of the oldest.

    \b
    Example:
      python cli.py lag matching leads
    """
    from streams.ops.lag import lags

    system = System()
    wanted = [known for group in groups for known in system.groups(group)] or None
    found = lags(system.cluster(), system.topology, datetime.now(UTC), wanted)
    if as_json:
        return printed.data(found)
    printed.table(
        ("group", "topic", "partition", "records", "oldest"),
        (
            (x.group, x.topic, x.partition, x.records, printed.span(x.seconds))
            for x in found
            if with_idle or x.records
        ),
        empty="nobody is behind",
    )  # fmt: skip
