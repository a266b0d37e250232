"""kafka up, down, status: the embedded broker."""

import click

from streams.verbs import options, printed


@click.group("kafka", cls=options.Verbs)
def kafka() -> None:
    """The embedded Kafka, in the background; its data lies under --home."""


@kafka.command("up")
@click.option("--port", type=click.IntRange(0, 65535), help="Where it answers; default 9092, 0 chooses a free one.")
def up(port: int | None) -> None:
    """Start Kafka; returns when it answers.

    \b
    Example:
      python cli.py kafka up --port 9092
    """
    from streams.contracts.settings import from_env
    from streams.ops import kafka as embedded
    from streams.verbs.progress import steps

    with steps() as progress:
        broker = embedded.up(from_env().home, port, progress)
    state = "already runs" if broker.was_running else "is up"
    click.echo(f"Kafka {state} at {broker.bootstrap} (process {broker.pid})")
    if from_env().broker != broker.bootstrap:
        click.echo(f"the other verbs look for it at {from_env().broker}: export CROSSDOCK_BROKER={broker.bootstrap}")


@kafka.command("down")
def down() -> None:
    """Stop Kafka; its data stays.

    \b
    Example:
      python cli.py kafka down
    """
    from streams.contracts.settings import from_env
    from streams.ops import kafka as embedded

    home = from_env().home
    click.echo("Kafka is down" if embedded.down(home) else f"no Kafka of {home} runs")


@kafka.command("status")
@options.as_json
def status(as_json: bool) -> None:
    """Say whether Kafka runs and answers; exit code 1 where it does not.

    \b
    Example:
      python cli.py kafka status --json
    """
    from streams.contracts.settings import from_env
    from streams.ops import kafka as embedded

    home = from_env().home
    broker = embedded.status(home)
    if as_json:
        printed.data(broker)
    elif broker is None:
        click.echo(f"no Kafka of {home} runs; `kafka up` starts one")
    else:
        state = "answers" if broker.is_ready else "runs but does not answer yet"
        click.echo(f"Kafka {state} at {broker.bootstrap} (process {broker.pid}, data {broker.data}, log {broker.log})")
    if broker is None or not broker.is_ready:
        raise click.exceptions.Exit(1)
