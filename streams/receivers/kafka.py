"""Takes records from a topic of another Kafka; its offsets are committed there after ours."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from streams.channels.kafka import foreign
from streams.contracts.headers import decoded
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel, Stanza
from streams.domain.received import Received, ReceiverDown
from streams.runtime.incoming import Incoming
from streams.runtime.reading import Stored, Unavailable

_WAIT_S = 1.0


def connect(stanza: Stanza, settings: Settings, env: Mapping[str, str]) -> "Kafka":
    assert stanza.upstream is not None
    cluster = replace(foreign(stanza.upstream, settings, env), prefix="")  # its names are its own
    return Kafka(stanza.upstream, f"{settings.prefix}{stanza.group}", cluster)


class Kafka:
    """Target: host:port of the other cluster; option `topic`, and `config_env` for a file of librdkafka properties.

    A record is known by its header `ce_id`, else by topic, partition and offset; its type by `ce_type`.
    """

    def __init__(self, channel: Channel, group: str, cluster: Settings) -> None:
        self._topic, self._group, self._cluster = str(channel.options["topic"]), group, cluster
        self._incoming: Incoming | None = None

    async def receive(self, at_most: int) -> Sequence[Received]:
        try:
            return [_received(record) for record in await asyncio.to_thread(self._read, at_most)]
        except Unavailable as error:
            raise ReceiverDown(str(error)) from error

    async def acknowledge(self, received: Sequence[Received]) -> None:
        done = {(record.topic, record.partition): record.offset + 1 for record in (each.receipt for each in received)}
        if self._incoming is not None:
            try:
                await asyncio.to_thread(self._incoming.settle, done)
            except Unavailable as error:
                raise ReceiverDown(str(error)) from error

    async def close(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            await asyncio.to_thread(incoming.close)

    def _read(self, at_most: int) -> list[Stored]:
        if self._incoming is None:
            self._incoming = Incoming(self._cluster, self._topic, self._group)
        found = self._incoming.read(_WAIT_S, at_most)
        if not found:
            self._incoming.look()
        return found


def _received(record: Stored) -> Received:
    told = {name: said for name, value in record.headers if (said := decoded(value))}
    attributes = {name.removeprefix("ce_"): value for name, value in told.items()}
    return Received(
        id=told.get("ce_id") or f"{record.topic}-{record.partition}-{record.offset}",
        type=told.get("ce_type", ""),
        key=None if record.key is None else record.key.decode(errors="replace"),
        body=record.value or b"",
        content_type=told.get("content-type", ""),
        receipt=record,
        attributes=attributes,
    )
