"""A webhook channel against a real HTTP server on loopback."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook as Receiver

from streams.channels import ChannelError, open_channel
from streams.channels.webhook import Webhook
from streams.contracts.addresses import is_public
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.failure import Gone, TryLater, Unreachable
from tests.channels.deliveries import FIELDS, delivery

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
ENV = {"PARTNER_SECRET": SECRET}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def channel(url: str, timeout_s: float = 5, **options: Any) -> Webhook:
    given = {"secret_env": "PARTNER_SECRET", "allow_private": True} | options
    return Webhook(Channel("webhook", url, given, timedelta(seconds=timeout_s)), ENV)


@asynccontextmanager
async def partner(answer: Answer, timeout_s: float = 5, **options: Any) -> AsyncIterator[Webhook]:
    app = web.Application()
    app.router.add_post("/leads", answer)
    async with TestServer(app) as server:
        webhook = channel(str(server.make_url("/leads")), timeout_s, **options)
        try:
            yield webhook
        finally:
            await webhook.close()


def answering(status: int, body: str = "", headers: dict[str, str] | None = None) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers=headers)

    return answer


async def failure(answer: Answer, timeout_s: float = 5, **options: Any) -> Exception:
    async with partner(answer, timeout_s, **options) as webhook:
        try:
            await webhook.deliver(delivery())
        except Exception as error:
            return error
    raise AssertionError("it was delivered")


async def test_a_delivery_is_json_that_an_independent_receiver_verifies() -> None:
    seen: list[tuple[dict[str, str], str]] = []

    async def note(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.text()))
        return web.Response(status=204)

    async with partner(note) as webhook:
        assert list(await webhook.deliver(delivery("id-1"))) == []
    headers, text = seen[0]
    Receiver(SECRET).verify(text, headers)
    assert json.loads(text) == {"type": "lead.accepted.v1", "timestamp": "2026-11-22T14:03:05.120Z", "data": FIELDS}
    assert headers["webhook-id"] == "id-1"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert headers["Content-Type"] == "application/json"


async def test_every_attempt_carries_the_same_id() -> None:
    ids: list[str] = []

    async def fail_once(request: web.Request) -> web.Response:
        ids.append(request.headers["webhook-id"])
        return web.Response(status=503 if len(ids) == 1 else 200)

    async with partner(fail_once) as webhook:
        with pytest.raises(Unreachable):
            await webhook.deliver(delivery("id-7"))
        await webhook.deliver(delivery("id-7"))
    assert ids == ["id-7", "id-7"]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_success(status: int) -> None:
    async with partner(answering(status)) as webhook:
        await webhook.deliver(delivery())


@pytest.mark.parametrize("status", [429, 500, 502, 503, 599])
async def test_a_busy_or_broken_partner_is_unreachable(status: int) -> None:
    error = await failure(answering(status))
    assert isinstance(error, Unreachable)
    assert str(status) in str(error)


async def test_410_says_gone_which_is_no_failure_of_the_record() -> None:
    error = await failure(answering(410, "we have closed"))
    assert isinstance(error, Gone)
    assert str(error) == "HTTP 410 we have closed"


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_another_4xx_climbs_the_ladder_with_status_and_body(status: int) -> None:
    error = await failure(answering(status, "wave is missing"))
    assert not isinstance(error, TryLater | Gone)
    assert str(error) == f"HTTP {status} wave is missing"


async def test_a_redirect_is_not_followed_and_fails() -> None:
    error = await failure(answering(307, headers={"Location": "/elsewhere"}))
    assert not isinstance(error, TryLater | Gone)
    assert "HTTP 307" in str(error)


async def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=400)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 4096)
        except ConnectionError:
            return response

    error = await failure(endless)
    assert str(error) == "HTTP 400 " + "x" * 1024


async def test_a_status_stands_though_its_body_never_ends() -> None:
    async def stalled(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=410)
        await response.prepare(request)
        await response.write(b"closed")
        await asyncio.Event().wait()
        return response

    error = await failure(stalled, timeout_s=0.3)
    assert isinstance(error, Gone)
    assert str(error) == "HTTP 410 closed"


async def test_an_answer_that_takes_longer_than_the_timeout_is_unreachable() -> None:
    async def never(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    error = await failure(never, timeout_s=0.2)
    assert isinstance(error, Unreachable)
    assert "0.2 s" in str(error)


async def test_a_refused_connection_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    webhook = channel(f"http://127.0.0.1:{port}/leads")
    with pytest.raises(Unreachable, match="Cannot connect"):
        await webhook.deliver(delivery())
    await webhook.close()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("-5", 0),
        ("soon", 0),
        ("9" * 5000, 0),
        ("9" * 30, 86_400),
        ("Mon, 02 Jan 2017 03:04:05 GMT", 0),
    ],
)
async def test_retry_after_in_seconds_is_honoured_and_nonsense_is_not(header: str, seconds: int) -> None:
    error = await failure(answering(429, headers={"Retry-After": header}))
    assert isinstance(error, Unreachable)
    assert error.after == timedelta(seconds=seconds)


async def test_retry_after_may_be_a_date() -> None:
    due = datetime.now(UTC) + timedelta(seconds=100)
    error = await failure(answering(503, headers={"Retry-After": format_datetime(due, usegmt=True)}))
    assert isinstance(error, Unreachable)
    assert timedelta(seconds=90) < error.after <= timedelta(seconds=100)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433"])
async def test_a_name_that_leads_into_our_own_network_is_refused_when_it_connects(host: str) -> None:
    calls: list[str] = []

    async def note(request: web.Request) -> web.Response:
        calls.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_post("/leads", note)
    async with TestServer(app) as server:
        webhook = channel(f"http://{host}:{server.port}/leads", allow_private=False)
        with pytest.raises(Unreachable, match=r"not a public address|not a canonical IPv4"):
            await webhook.deliver(delivery())
        await webhook.close()
    assert calls == []


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "0.0.0.0"])
def test_a_private_address_is_refused_at_once_unless_it_is_allowed(host: str) -> None:
    with pytest.raises(ChannelError, match="allow_private"):
        channel(f"http://{host}/leads", allow_private=False)
    channel(f"http://{host}/leads")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("192.168.0.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses_are_told_from_others_also_where_they_are_wrapped(address: str, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.parametrize("secret", ["", "whsec_", "c2VjcmV0", "whsec_not base64!", "whsec_ä", "whsec_abcde"])
def test_a_missing_or_malformed_secret_names_its_variable_and_not_its_value(secret: str) -> None:
    spec = Channel("webhook", "https://partner.example/leads", {"secret_env": "PARTNER_SECRET"})
    with pytest.raises(ChannelError, match="PARTNER_SECRET") as caught:
        Webhook(spec, {"PARTNER_SECRET": secret})
    assert secret in ("", "whsec_") or secret not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["partner.example/leads", "ftp://partner.example", "http://", "http://x:99999/", "http://[::1"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ChannelError, match="address"):
        channel(url)


def test_the_stanza_names_the_transport(tmp_path: Path) -> None:
    spec = Channel("webhook", "https://partner.example/leads", {"secret_env": "PARTNER_SECRET"})
    assert isinstance(open_channel(spec, Settings(home=tmp_path), ENV), Webhook)
    with pytest.raises(ChannelError, match="pigeon"):
        open_channel(Channel("pigeon", "loft 7"), Settings(home=tmp_path), ENV)
