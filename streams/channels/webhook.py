"""Delivers an event as a signed HTTP POST (Standard Webhooks)."""

import json
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from errno import EACCES
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from streams.channels import ChannelError, Rejected
from streams.contracts.addresses import is_public
from streams.contracts.envelope import instant
from streams.contracts.payload import Format, attributes, payload
from streams.contracts.settings import Settings
from streams.contracts.signatures import NoSecret, signer
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.failure import Gone, Unreachable

_BODY_LIMIT = 1024
_LONGEST_WAIT = timedelta(days=1)
_AS_IT_IS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')  # CloudEvents over HTTP, 3.1.3.2


def public_socket(address: Any) -> socket.socket:
    """A socket for this address, unless it lies in our own network.

    Judged at each connect and by the address itself: no name changes between check and use, no spelling is overlooked.
    """
    family, kind, protocol, _, where = address
    try:
        is_refused = not is_public(where[0])
    except ValueError:
        is_refused = True
    if is_refused:
        raise OSError(EACCES, f"{where[0]} is not a public address; allow_private: true would permit it")
    return socket.socket(family, kind, protocol)


def connect(channel: Channel, settings: Settings, env: Mapping[str, str]) -> "Webhook":
    return Webhook(channel, env)


class Webhook:
    """Options: `secret_env` (one or several variables that hold whsec_… or whsk_…), `allow_private`, `format`.

    `timeout` covers a whole attempt.
    """

    def __init__(self, channel: Channel, env: Mapping[str, str]) -> None:
        self._url = channel.target
        self._timeout = channel.timeout
        self._concurrency = channel.concurrency
        self._allows_private = bool(channel.options.get("allow_private", False))
        self._form: Format | None = channel.options.get("format")
        self._session: aiohttp.ClientSession | None = None
        try:
            self._sign = signer(channel.options.get("secret_env", ()), env)
        except NoSecret as error:
            raise ChannelError(str(error)) from error
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
        kind, body = _json(message) if self._form is None else payload(message, self._form)
        described = _described(message) if self._form == "avro" else {}
        timestamp = str(int(now.timestamp()))
        return body, described | {
            "content-type": kind,
            "accept-encoding": "identity",
            "webhook-id": message.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": self._sign(message.id, timestamp, body),
        }

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            guard = None if self._allows_private else public_socket
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._concurrency, socket_factory=guard),
                timeout=aiohttp.ClientTimeout(total=self._timeout.total_seconds()),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _json(message: Delivery) -> tuple[str, bytes]:
    said = {"type": message.type, "timestamp": instant(message.time), "data": message.fields}
    return "application/json", json.dumps(said).encode()


def _described(message: Delivery) -> dict[str, str]:
    """What CloudEvents in JSON says beside the data; W3C's trace has a header of its own."""
    said = {name: quote(value, safe=_AS_IT_IS) for name, value in attributes(message).items()}
    return {name if name == "traceparent" else f"ce-{name}": value for name, value in said.items()}


def _check_target(url: str, allows_private: bool) -> None:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and parts.port != 0
        host = URL(url).raw_host  # as it is called: full-width digits and the like are plain ones there
    except ValueError:
        is_usable, host = False, None
    if not is_usable or not host:
        raise ChannelError(f"{url!r} is not an http or https address")
    try:
        is_refused = not allows_private and not is_public(host)
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
