"""doctor: what is wrong with the set-up."""

import os
from datetime import UTC, datetime

import click

from streams.verbs import options, printed
from streams.verbs.system import System


@click.command("doctor", cls=options.Verb)
@options.as_json
def doctor(as_json: bool) -> None:
    """Examine the set-up: what is wrong, why it matters, what to do; exit code 1 where something is.

    \b
    Example:
      python cli.py doctor
    """
    from streams.ops.doctor import Case, examine

    system = System()
    findings = list(examine(Case(system.topology, system.cluster(), os.environ, lambda: datetime.now(UTC))))
    if as_json:
        printed.data(findings)
    for finding in [] if as_json else findings:
        label = click.style("problem", fg="red") if finding.is_problem else click.style("warning", fg="yellow")
        click.echo(f"{label}: {finding.what}\n  why: {finding.why}\n  do:  {finding.mend}")
    if any(finding.is_problem for finding in findings):
        raise click.exceptions.Exit(1)
    if not findings and not as_json:
        click.echo("nothing is wrong")
