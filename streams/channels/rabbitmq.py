"""Delivers an event as a persistent message of a RabbitMQ exchange, routed and confirmed by the server."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.connection import Connection, make_url
from aio_pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelInvalidStateError,
    DeliveryError,
    ProbableAuthenticationError,
    PublishError,
)

from streams.channels import Rejected, secret
from streams.contracts.payload import Format, attributes, payload
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.failure import Unreachable

_HEADER = "cloudEvents_"  # as the AMQP binding of CloudEvents has it, so that AMQP 1.0 clients find it too
_CLOSING_S = 2.0
# It would tell of every probe that finds nobody; the reason stands in `partners list`.
logging.getLogger("aiormq.connection").setLevel(logging.CRITICAL)
_BROKEN = (AMQPError, ChannelInvalidStateError, OSError)


def connect(channel: Channel, settings: Settings, env: Mapping[str, str]) -> "RabbitMq":
    return RabbitMq(channel, env)


class RabbitMq:
    """Target: an address without credentials; `url_env` names a variable that holds the address with them.

    Options: `exchange` (without it the routing key is a queue's name), `routing_key` (the event's type), `format`.
    """

    def __init__(self, channel: Channel, env: Mapping[str, str]) -> None:
        self._url = secret(channel, "url_env", env) or channel.target
        self._exchange = str(channel.options.get("exchange", ""))
        self._routing_key = channel.options.get("routing_key")
        self._form: Format = channel.options.get("format", "cloudevents")
        self._timeout_s = channel.timeout.total_seconds()
        self._connecting = asyncio.Lock()
        self._connection: Connection | None = None
        self._channel: AbstractChannel | None = None

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        """Nothing to publish once it is confirmed; raises Rejected where no queue takes it, else Unreachable."""
        key = str(self._routing_key or message.type)
        sent = _message(message, self._form)
        channel = None
        try:
            async with asyncio.timeout(self._timeout_s):
                channel = await self._opened()
                exchange = await self._exchange_of(channel)
                await exchange.publish(sent, key, mandatory=True)
        except PublishError as error:
            raise Rejected(f"no queue of exchange {self._exchange!r} takes routing key {key!r}") from error
        except DeliveryError as error:
            raise Unreachable(reason="the server has not taken the message (basic.nack)") from error
        except TimeoutError as error:
            if channel is not None and channel is self._channel:  # not one that has been opened since
                await self.close()
            raise Unreachable(reason=f"no confirmation within {self._timeout_s:g} s") from error
        except (AuthenticationError, ProbableAuthenticationError) as error:
            raise Unreachable(reason=f"bad credentials: {error}") from error
        except _BROKEN as error:
            raise Unreachable(reason=f"{type(error).__name__}: {error}") from error
        return ()

    async def close(self) -> None:
        """What waits for its confirmation fails; the connection may be opened again by a delivery."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(TimeoutError, *_BROKEN):
                async with asyncio.timeout(_CLOSING_S):
                    await connection.close()

    async def _opened(self) -> AbstractChannel:
        async with self._connecting:
            if self._channel is None or self._channel.is_closed:
                await self.close()
                # kept before it is connected: one that nobody closes does so itself, when no loop may be running
                self._connection = Connection(make_url(self._url), client_properties={"connection_name": "crossdock"})
                await self._connection.connect()
                self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            return self._channel

    async def _exchange_of(self, channel: AbstractChannel) -> AbstractExchange:
        if not self._exchange:
            return channel.default_exchange
        return await channel.get_exchange(self._exchange, ensure=False)


def _message(message: Delivery, form: Format) -> aio_pika.Message:
    content_type, body = payload(message, form)
    return aio_pika.Message(
        body,
        content_type=content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.id,
        type=message.type,
        timestamp=message.time,
        headers={f"{_HEADER}{name}": value for name, value in attributes(message).items()},
    )
