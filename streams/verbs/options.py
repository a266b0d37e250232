"""What every verb has in common: the options that choose the system, and errors as one line."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from streams.verbs import errors

_SYSTEM: Mapping[str, tuple[str, click.ParamType | None, str]] = {
    "--broker": ("CROSSDOCK_BROKER", None, "Kafka as host:port[,host:port]; default 127.0.0.1:9092."),
    "--home": ("CROSSDOCK_HOME", click.Path(file_okay=False), "Where we keep our files; default .crossdock."),
    "--topology": ("CROSSDOCK_TOPOLOGY", click.Path(exists=True, dir_okay=False), "The map; default topology.yaml."),
    "--prefix": ("CROSSDOCK_PREFIX", None, "Stands before every topic, group and subject; default none."),
    "--registry": ("SCHEMA_REGISTRY_URL", None, "A schema registry; default the topic _schemas."),
    "--kafka-config": ("CROSSDOCK_KAFKA_CONFIG", click.Path(exists=True), "librdkafka properties (TLS, SASL, …)."),
}
_EPILOG = f"{', '.join(_SYSTEM)} may stand before or after the verb: see `python cli.py --help`."

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def system_options(*, hidden: bool) -> list[click.Parameter]:
    """The options that say which system is meant; each sets its environment variable."""
    return [
        click.Option(
            [flag], envvar=variable, callback=_remember(variable), expose_value=False, show_envvar=True, type=kind,
            help=text, hidden=hidden,
        )
        for flag, (variable, kind, text) in _SYSTEM.items()
    ]  # fmt: skip


def _remember(variable: str) -> Any:
    def remember(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        # the apps read the environment when they are imported, and child processes inherit it
        if value is not None:
            os.environ[variable] = value

    return remember


class Verb(click.Command):
    """A command that takes the system's options too, without repeating them in its help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"epilog": _EPILOG} | kwargs)
        self.params += system_options(hidden=True)


class Verbs(click.Group):
    """A group that takes the system's options too, and whose known errors end as one line and exit code 1."""

    command_class = Verb
    group_class = type

    def __init__(self, *args: Any, is_root: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += system_options(hidden=not is_root)

    def invoke(self, ctx: click.Context) -> Any:
        with errors.as_messages():
            return super().invoke(ctx)


class Duration(click.ParamType):
    """A time span as the map writes it: 500ms, 5s, 15m, 2h, 7d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        from streams.contracts.durations import parse

        if isinstance(value, timedelta):
            return value
        try:
            return parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Moment(click.ParamType):
    """A point in time: an ISO date and time (UTC unless it says otherwise), or a span before now such as 2h."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from streams.contracts.durations import parse

        if isinstance(value, datetime):
            return value
        try:
            return datetime.now(UTC) - parse(value)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a time (2026-11-22T10:00) nor a span before now (2h)", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
