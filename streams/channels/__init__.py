"""How a partner is reached: one file a transport, each with `connect`; a stanza names the file."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Protocol

from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect


class ChannelError(Exception):
    """A channel cannot be opened as its stanza and the environment stand; the message says what to change."""


class Rejected(Exception):
    """The partner answered, and the answer was no: this record climbs the ladder, with what was answered."""


class OpenChannel(Protocol):
    """The third handler shape. `deliver` raises Unreachable, Gone, or any other exception, which climbs the ladder."""

    async def deliver(self, message: Delivery) -> Iterable[Effect]: ...

    async def close(self) -> None: ...


def open_channel(channel: Channel, settings: Settings, env: Mapping[str, str]) -> OpenChannel:
    """A channel ready to deliver, nothing connected yet; raises ChannelError for a bad option or secret."""
    opened: OpenChannel = transport(__name__, channel.kind).connect(channel, settings, env)
    return opened


def transport(room: str, kind: str) -> Any:
    """The module of this kind in a package; raises ChannelError where it has none."""
    name = f"{room}.{kind}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ChannelError(f"there is no transport {kind!r} in {room.replace('.', '/')}") from error


def secret(channel: Channel, option: str, env: Mapping[str, str]) -> str | None:
    """What the variable holds that this option names; None without the option, ChannelError where it is not set."""
    variable = str(channel.options.get(option, ""))
    if variable and not env.get(variable):
        raise ChannelError(f"{variable} is not set; {option} names it")
    return env[variable] if variable else None
