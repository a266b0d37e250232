"""How a context's messages come in: one file a transport, each with `connect`; a stanza names the file."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from streams.channels import transport
from streams.contracts.settings import Settings
from streams.contracts.topology import Stanza
from streams.domain.received import Received, ReceiverDown

__all__ = ["Received", "Receiver", "ReceiverDown", "open_receiver"]


class Receiver(Protocol):
    """One worker of a group has it open at a time. What was received and not acknowledged comes again, some time."""

    async def receive(self, at_most: int) -> Sequence[Received]:
        """What is there, the oldest first; waits about a second for the first one. Raises ReceiverDown."""

    async def acknowledge(self, received: Sequence[Received]) -> None:
        """These, one at least, are where they belong for good: upstream may forget them.

        Raises ReceiverDown; they come again then.
        """

    async def close(self) -> None:
        """What was not acknowledged goes back at once where the transport can do that. Raises nothing."""


def open_receiver(stanza: Stanza, settings: Settings, env: Mapping[str, str]) -> Receiver:
    """The receiver of an inbound stanza, nothing connected yet; raises ChannelError for a bad option or secret."""
    assert stanza.upstream is not None
    opened: Receiver = transport(__name__, stanza.upstream.kind).connect(stanza, settings, env)
    return opened
