"""Opens the channel that a partner's stanza names."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from streams.channels import ChannelError
from streams.channels.kafka import Kafka
from streams.channels.webhook import Webhook
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect


class OpenChannel(Protocol):
    """The third handler shape. `deliver` raises Unreachable, Gone, or any other exception, which climbs the ladder."""

    async def deliver(self, message: Delivery) -> Iterable[Effect]: ...

    async def close(self) -> None: ...


def open_channel(channel: Channel, settings: Settings, env: Mapping[str, str]) -> OpenChannel:
    """A channel ready to deliver; raises ChannelError where its options or its secret cannot be used."""
    if channel.kind == "webhook":
        return Webhook(channel, env)
    if channel.kind == "kafka":
        return Kafka(channel, settings, env)
    raise ChannelError(f"there is no channel {channel.kind!r}; known: kafka, webhook")
