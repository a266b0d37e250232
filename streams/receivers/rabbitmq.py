"""Takes messages from a RabbitMQ queue; each is acknowledged by hand, and goes back to its place if it is not."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from aio_pika import Connection
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from streams.channels import secret
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel, Stanza
from streams.domain.received import Received, ReceiverDown

_MARKS = ("cloudEvents_", "cloudEvents:", "ce_", "ce-")  # before an attribute of CloudEvents in a header's name
_WAIT_S, _CLOSING_S = 1.0, 2.0
_BROKEN = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)


def connect(stanza: Stanza, settings: Settings, env: Mapping[str, str]) -> "RabbitMq":
    assert stanza.upstream is not None
    return RabbitMq(stanza.upstream, env)


class RabbitMq:
    """Target: an address without credentials; `url_env` names a variable that holds the address with them.

    Option `queue`: it is there already, and nobody else reads it. The message is known by its `message_id`, its type by
    the property `type`, or else by its routing key; headers of CloudEvents count before them.
    """

    def __init__(self, channel: Channel, env: Mapping[str, str]) -> None:
        self._url = secret(channel, "url_env", env) or channel.target
        self._queue = str(channel.options["queue"])
        self._timeout_s = channel.timeout.total_seconds()
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._came: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def receive(self, at_most: int) -> Sequence[Received]:
        await self._opened(at_most)
        came: list[AbstractIncomingMessage] = []
        with suppress(TimeoutError):
            came.append(await asyncio.wait_for(self._came.get(), _WAIT_S))
        while came and len(came) < at_most and not self._came.empty():
            came.append(self._came.get_nowait())
        if not came:
            await self._look()
        return [_received(message) for message in came]

    async def acknowledge(self, received: Sequence[Received]) -> None:
        """Of one connection the last stands for all before it; after another one they come again."""
        last = received[-1].receipt
        try:
            await last.ack(multiple=True)
        except _BROKEN as error:
            raise ReceiverDown(_told(error)) from error

    async def close(self) -> None:
        connection, self._connection, self._channel, self._came = self._connection, None, None, asyncio.Queue()
        if connection is not None:
            with suppress(*_BROKEN):
                async with asyncio.timeout(_CLOSING_S):
                    await connection.close()

    async def _opened(self, at_most: int) -> None:
        if self._channel is not None and not self._channel.is_closed:
            return
        await self.close()
        try:
            async with asyncio.timeout(self._timeout_s):
                # kept before it is connected, so that one that fails is closed here
                self._connection = Connection(make_url(self._url), client_properties={"connection_name": "crossdock"})
                await self._connection.connect()
                self._channel = await self._connection.channel()
                await self._channel.set_qos(prefetch_count=min(2 * at_most, 65_535))
                queue = await self._channel.get_queue(self._queue)
                await queue.consume(self._came.put)
        except _BROKEN as error:
            await self.close()
            raise ReceiverDown(_told(error)) from error

    async def _look(self) -> None:
        """A queue that was deleted sends nothing either."""
        assert self._channel is not None
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._channel.get_queue(self._queue)
        except _BROKEN as error:
            await self.close()
            raise ReceiverDown(_told(error)) from error


def _received(message: AbstractIncomingMessage) -> Received:
    told = {_bare(name): str(value) for name, value in message.headers.items() if isinstance(value, str | bytes)}
    if message.correlation_id:
        told.setdefault("correlationid", str(message.correlation_id))
    return Received(
        id=told.get("id") or message.message_id or "",
        type=told.get("type") or message.type or message.routing_key or "",
        key=told.get("partitionkey"),
        body=message.body,
        content_type=message.content_type or told.get("datacontenttype") or "",
        receipt=message,
        attributes=told,
    )


def _bare(name: str) -> str:
    return next((name.removeprefix(mark) for mark in _MARKS if name.startswith(mark)), name)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
