"""Delivers an event as a signed HTTP POST (Standard Webhooks)."""

import json
import socket
from base64 import b64decode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from errno import EACCES
from typing import NoReturn
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from standardwebhooks import Webhook as Signer

from streams.channels import ChannelError, Rejected
from streams.contracts.addresses import is_public
from streams.contracts.envelope import instant
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.failure import Gone, Unreachable

_BODY_LIMIT = 1024
_LONGEST_WAIT = timedelta(days=1)


class PublicResolver(ThreadedResolver):
    """Hands out public addresses only, at connect time, so that a name cannot change between check and use."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        public = [each for each in found if is_public(each["host"])]
        if not public:
            addresses = ", ".join(each["host"] for each in found)
            reason = f"{host} is {addresses}: not a public address; allow_private: true would permit it"
            raise OSError(EACCES, reason)
        return public


def connect(channel: Channel, settings: Settings, env: Mapping[str, str]) -> "Webhook":
    return Webhook(channel, env)


class Webhook:
    """Options: `secret_env` (variable that holds whsec_…), `allow_private`; `timeout` covers a whole attempt."""

    def __init__(self, channel: Channel, env: Mapping[str, str]) -> None:
        self._url = channel.target
        self._timeout = channel.timeout
        self._concurrency = channel.concurrency
        self._allows_private = bool(channel.options.get("allow_private", False))
        self._signer = _signer(str(channel.options.get("secret_env", "")), env)
        self._session: aiohttp.ClientSession | None = None
        _check_target(channel.target, self._allows_private)

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        """Nothing to publish on 2xx; raises Unreachable, Gone or Rejected (docs/design.md, order under failure)."""
        body, headers = self._signed(message, datetime.now(UTC))
        try:
            async with self._opened().post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                if not 200 <= response.status < 300:
                    await _refuse(response)
        except TimeoutError as error:
            raise Unreachable(reason=f"no answer within {self._timeout.total_seconds():g} s") from error
        except aiohttp.ClientError as error:
            raise Unreachable(reason=f"{type(error).__name__}: {error}") from error
        return ()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _signed(self, message: Delivery, now: datetime) -> tuple[bytes, dict[str, str]]:
        text = json.dumps({"type": message.type, "timestamp": instant(message.time), "data": message.fields})
        return text.encode(), {
            "content-type": "application/json",
            "accept-encoding": "identity",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.id, now, text),
        }

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self._allows_private else PublicResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._concurrency, resolver=resolver),
                timeout=aiohttp.ClientTimeout(total=self._timeout.total_seconds()),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _signer(variable: str, env: Mapping[str, str]) -> Signer:
    if not variable:
        raise ChannelError("a webhook needs secret_env: the name of the variable that holds its secret")
    secret = env.get(variable, "")
    if not secret:
        raise ChannelError(f"{variable} is not set; it must hold the webhook's secret, whsec_ and base64")
    encoded = secret.removeprefix("whsec_")
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not key or encoded == secret:
        raise ChannelError(f"{variable} is not a webhook secret; it must be whsec_ and base64")
    return Signer(key)


def _check_target(url: str, allows_private: bool) -> None:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not parts.hostname:
        raise ChannelError(f"{url!r} is not an http or https address")
    try:
        is_refused = not allows_private and not is_public(parts.hostname)
    except ValueError:
        return  # a name: judged by what it resolves to at each connect
    if is_refused:
        raise ChannelError(f"{url} is not a public address; allow_private: true would permit it")


async def _refuse(response: aiohttp.ClientResponse) -> NoReturn:
    status, after = response.status, _retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    reason = f"HTTP {status} {await _beginning(response)}".rstrip()
    if status == 410:
        raise Gone(reason)
    if status == 429 or status >= 500:
        raise Unreachable(after, reason)
    raise Rejected(reason)


async def _beginning(response: aiohttp.ClientResponse) -> str:
    body = b""
    with suppress(TimeoutError, aiohttp.ClientError):  # the status stands, whatever becomes of the body
        while len(body) < _BODY_LIMIT and (chunk := await response.content.read(_BODY_LIMIT - len(body))):
            body += chunk
    return body.decode("utf-8", "replace")


def _retry_after(value: str | None, now: datetime) -> timedelta:
    """The wait that a Retry-After header asks for, in seconds or as a date (RFC 9110, 10.2.3); 0 for nonsense."""
    try:
        if value is None or value.isdecimal():
            return timedelta(seconds=min(int(value or 0), _LONGEST_WAIT.total_seconds()))
        due = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter of a year that no datetime has
        return timedelta(0)
    wait = due.replace(tzinfo=due.tzinfo or UTC) - now
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)
