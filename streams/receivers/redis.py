"""Takes entries from a Redis stream, as the one consumer of a consumer group (XREADGROUP, XACK)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from streams.channels import secret
from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel, Stanza
from streams.domain.received import Received, ReceiverDown

CONSUMER = "crossdock"  # the same in every worker: who takes over finds what the last one did not acknowledge
_WAIT_MS = 1000
_UNREAD, _UNACKNOWLEDGED = ">", "0"


def connect(stanza: Stanza, settings: Settings, env: Mapping[str, str]) -> "Redis":
    assert stanza.upstream is not None
    return Redis(stanza.upstream, Names(settings.prefix).group(stanza.group), env)


class Redis:
    """Target: redis://host:port/database, or rediss:// for TLS; `user_env` and `password_env` name variables.

    Option `stream`. An entry has the fields `body` and `type`, perhaps `id`, `key` and `content-type`; or those of
    CloudEvents with `ce_` before them. Without an id it is known by its stream and its number there.
    """

    def __init__(self, channel: Channel, group: str, env: Mapping[str, str]) -> None:
        self._stream, self._group = str(channel.options["stream"]), group
        timeout_s = channel.timeout.total_seconds()
        self._client = Client.from_url(
            channel.target,
            username=secret(channel, "user_env", env),
            password=secret(channel, "password_env", env),
            socket_timeout=timeout_s + _WAIT_MS / 1000,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            client_name="crossdock",
            protocol=2,
        )
        self._next = ""  # nothing read yet

    async def receive(self, at_most: int) -> Sequence[Received]:
        """What was not acknowledged comes first, then what is new; where nothing is new, both are asked for."""
        try:
            if not self._next:
                await self._join()
                self._next = _UNACKNOWLEDGED
            came = await self._read(at_most)
            self._next = _UNREAD if came or self._next == _UNACKNOWLEDGED else _UNACKNOWLEDGED
        except (RedisError, OSError) as error:
            raise self._down(error) from error
        return came

    async def acknowledge(self, received: Sequence[Received]) -> None:
        try:
            await self._client.xack(self._stream, self._group, *(message.receipt for message in received))
        except (RedisError, OSError) as error:
            raise self._down(error) from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _join(self) -> None:
        try:
            await self._client.xgroup_create(self._stream, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _read(self, at_most: int) -> list[Received]:
        streams: Any = {self._stream: self._next}
        found: Any = await self._client.xreadgroup(self._group, CONSUMER, streams, count=at_most, block=_WAIT_MS)
        entries = found[0][1] if found else []
        gone = [number for number, fields in entries if not fields]  # trimmed before it was acknowledged
        if gone:
            await self._client.xack(self._stream, self._group, *gone)
        return [_received(self._stream, number, fields) for number, fields in entries if fields]

    def _down(self, error: Exception) -> ReceiverDown:
        self._next = ""  # what was read and not acknowledged comes again, and the group may be gone
        return ReceiverDown(f"{type(error).__name__}: {error}")


def _received(stream: str, number: bytes, fields: Mapping[bytes, bytes]) -> Received:
    told = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in fields.items()}
    attributes = {name.removeprefix("ce_"): value for name, value in told.items() if name != "body"}
    body = fields.get(b"body")
    return Received(
        id=attributes.get("id") or f"{stream}-{number.decode()}",
        type=attributes.get("type", ""),
        key=attributes.get("partitionkey") or attributes.get("key"),
        body=json.dumps(told).encode() if body is None else body,  # for the dead letter, so that nothing is lost
        content_type=attributes.get("content-type", ""),
        receipt=number,
        attributes=attributes,
    )
