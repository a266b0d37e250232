"""Delivers an event as an entry of a Redis stream (XADD)."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import TimeoutError as NoAnswer

from streams.channels import Rejected, secret
from streams.contracts.payload import Format, attributes, payload
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.failure import Unreachable

# What says that the server is in trouble, or the wrong one, and nothing about the record.
_TROUBLE = (AskError, ClusterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError)
_TROUBLE_CODES = ("MISCONF", "NOREPLICAS", "BUSY ", "UNKILLABLE")


def connect(channel: Channel, settings: Settings, env: Mapping[str, str]) -> "Redis":
    return Redis(channel, env)


class Redis:
    """Target: redis://host:port/database, or rediss:// for TLS; `user_env` and `password_env` name variables.

    Options: `stream`, `maxlen` (entries that are kept), `trim` (approximate or exact), `format`.
    """

    def __init__(self, channel: Channel, env: Mapping[str, str]) -> None:
        self._stream = channel.options["stream"]
        self._maxlen: int | None = channel.options.get("maxlen")
        self._is_exact = channel.options.get("trim") == "exact"
        self._form: Format = channel.options.get("format", "cloudevents")
        self._timeout_s = channel.timeout.total_seconds()
        self._client = Client.from_url(
            channel.target,
            username=secret(channel, "user_env", env),
            password=secret(channel, "password_env", env),
            max_connections=channel.concurrency,
            socket_timeout=self._timeout_s,
            socket_connect_timeout=self._timeout_s,
            retry=Retry(NoBackoff(), 0),  # a repeat is the ladder's or the breaker's business
            client_name="crossdock",
        )

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        """Nothing to publish once the entry is added; raises Unreachable, or Rejected for any other refusal."""
        fields: Any = _fields(message, self._form)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._client.xadd(self._stream, fields, maxlen=self._maxlen, approximate=not self._is_exact)
        except (AuthenticationError, NoPermissionError) as error:
            raise Unreachable(reason=f"bad credentials: {error}") from error
        except (TimeoutError, NoAnswer) as error:
            raise Unreachable(reason=f"no answer within {self._timeout_s:g} s") from error
        except _TROUBLE as error:
            raise Unreachable(reason=str(error)) from error
        except ResponseError as error:
            if str(error).startswith(_TROUBLE_CODES):
                raise Unreachable(reason=str(error)) from error
            raise Rejected(str(error)) from error
        except (RedisError, OSError) as error:
            raise Unreachable(reason=f"{type(error).__name__}: {error}") from error
        return ()

    async def close(self) -> None:
        await self._client.aclose()


def _fields(message: Delivery, form: Format) -> dict[str, str | bytes]:
    content_type, body = payload(message, form)
    named = {f"ce_{name}": value for name, value in attributes(message).items()}
    return {**named, "content-type": content_type, "body": body}
