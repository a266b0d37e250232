"""Delivers an event as a record of the partner's own Kafka topic."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from streams.channels import ChannelError
from streams.contracts import settings as configuration
from streams.contracts.headers import Headers
from streams.contracts.names import Names
from streams.contracts.payload import Format, payload
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.failure import Unreachable
from streams.runtime.outgoing import Outgoing, SendFailed


def connect(channel: Channel, settings: Settings, env: Mapping[str, str]) -> "Kafka":
    return Kafka(channel, settings, env)


class Kafka:
    """Target `same` is the map's own cluster, else host:port. Options: `topic` is the partner's, `format`.

    Another cluster never gets our cluster's credentials: option `config_env` names a variable that names a file of
    librdkafka properties for it.
    """

    def __init__(self, channel: Channel, settings: Settings, env: Mapping[str, str]) -> None:
        topic = channel.options.get("topic")
        if not topic:
            raise ChannelError("a kafka channel needs topic: the name of the partner's topic")
        is_ours = channel.target == "same"
        self._topic = Names(settings.prefix).topic(topic) if is_ours else topic
        self._cluster = settings if is_ours else foreign(channel, settings, env)
        self._timeout_ms = int(channel.timeout.total_seconds() * 1000)
        self._form: Format = channel.options.get("format", "avro")
        self._producer: Outgoing | None = None

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        """Nothing to publish once the cluster has the record; raises Unreachable, or SendFailed, which climbs."""
        key = None if message.key is None else message.key.encode()
        try:
            await self._opened().deliver(self._topic, key, *_told(message, self._form))
        except SendFailed as error:
            if error.is_fatal:
                await self.close()
            if error.is_transient:
                raise Unreachable(reason=str(error)) from error
            raise
        return ()

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(SendFailed):  # each delivery has had its own report
                await asyncio.to_thread(producer.close)

    def _opened(self) -> Outgoing:
        if self._producer is None:
            self._producer = Outgoing(self._cluster, message_timeout_ms=self._timeout_ms)
        return self._producer


def _told(message: Delivery, form: Format) -> tuple[bytes, Headers]:
    """The record as it is, but for its type, the event's; or as CloudEvents in JSON, with a content type that says so.

    Here it stood in the partner's own topic, whose name is nothing to somebody who reads another one.
    """
    content_type, body = payload(message, form)
    kind = message.type.encode()
    headers = [(name, kind if name == "ce_type" else value) for name, value in message.headers]
    if form != "avro":
        headers = [(name, value) for name, value in headers if name != "content-type"]
        headers.append(("content-type", content_type.encode()))
    if all(name != "ce_id" for name, _ in headers):
        headers.append(("ce_id", message.id.encode()))
    return body, headers


def foreign(channel: Channel, settings: Settings, env: Mapping[str, str]) -> Settings:
    """Another cluster as the stanza and the environment say; raises ChannelError."""
    variable = channel.options.get("config_env")
    file = env.get(variable, "") if variable else ""
    if variable and not file:
        raise ChannelError(f"{variable} is not set; it must name a file of librdkafka properties for {channel.target}")
    try:
        properties = configuration.from_env({"CROSSDOCK_KAFKA_CONFIG": file}).kafka_config
    except configuration.SettingsError as error:
        raise ChannelError(str(error)) from error
    return replace(settings, broker=channel.target, kafka_config=properties)
