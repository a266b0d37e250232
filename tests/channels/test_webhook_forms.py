"""What a webhook says and how it is signed, as an independent partner sees it; and where it will not go."""

import asyncio
import base64
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from streams.channels import ChannelError
from streams.channels.webhook import Webhook, public_socket
from streams.contracts.addresses import is_public
from streams.contracts.topology import Channel
from streams.domain.failure import Unreachable
from streams.ops.simulate_partner import verified
from tests.channels.deliveries import FIELDS, delivery

OLD, NEW = (f"whsec_{base64.b64encode(byte * 24).decode()}" for byte in (b"o", b"n"))
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
ENV = {"OLD": OLD, "BOTH": f"{NEW} {OLD}", "KEY": f"whsk_{base64.b64encode(b'k' * 32).decode()}"}
Seen = tuple[dict[str, str], bytes]


async def told(secret_env: Any, message: Any = None, **options: Any) -> Seen:
    """Headers (lower case) and body of one delivery."""
    seen: list[Seen] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/leads", note)
    async with TestServer(app) as server:
        given = {"secret_env": secret_env, "allow_private": True} | options
        channel = Webhook(Channel("webhook", str(server.make_url("/leads")), given, timedelta(seconds=5)), ENV)
        await channel.deliver(message or delivery("id-1"))
        await channel.close()
    return seen[0]


@pytest.mark.parametrize("secret_env", ["BOTH", ("KEY", "BOTH"), ("BOTH", "KEY")])
async def test_during_a_rotation_a_partner_verifies_with_the_old_secret_or_the_new_one(secret_env: Any) -> None:
    headers, body = await told(secret_env)
    for secret in (OLD, NEW):
        assert Receiver(secret).verify(body, headers)["type"] == "lead.accepted.v1"


async def test_a_partner_with_nothing_but_the_public_key_verifies() -> None:
    headers, body = await told("KEY")
    version, _, signature = headers["webhook-signature"].partition(",")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert version == "v1a"
    published = Ed25519PublicKey.from_public_bytes(KEY.public_key().public_bytes_raw())
    published.verify(base64.b64decode(signature), signed)


@pytest.mark.parametrize("knows", ["OLD", "KEY", "BOTH"])
async def test_the_simulated_partner_takes_what_one_of_its_secrets_has_signed(knows: str) -> None:
    headers, body = await told(("KEY", "BOTH"))
    assert verified(ENV[knows].split(), body.decode(), headers)["type"] == "lead.accepted.v1"
    late = {**headers, "webhook-timestamp": "1674087231"}
    for said, told_headers in ((body.decode() + " ", headers), (body.decode(), late)):
        with pytest.raises(WebhookVerificationError):
            verified(ENV[knows].split(), said, told_headers)


async def test_the_simulated_partner_refuses_what_a_stranger_has_signed() -> None:
    headers, body = await told("OLD")
    with pytest.raises(WebhookVerificationError):
        verified([ENV["KEY"], NEW], body.decode(), headers)


async def test_a_body_of_cloudevents_is_signed_like_any_other() -> None:
    headers, body = await told("OLD", format="cloudevents")
    event = Receiver(OLD).verify(body, headers)
    assert headers["content-type"] == "application/cloudevents+json"
    assert (event["id"], event["type"], event["subject"]) == ("id-1", "lead.accepted.v1", "lead-1")
    assert event["data"] == FIELDS


async def test_avro_goes_as_it_is_with_what_cloudevents_says_in_headers() -> None:
    message = delivery("id-1", b"\0\0\0\0\7\xff\xfe", ce_source=b'a "b" \xc3\xa9%', traceparent=b"00-ab-cd-01")
    headers, body = await told("KEY", message, format="avro")
    assert (headers["content-type"], body) == ("application/avro", b"\0\0\0\0\7\xff\xfe")
    assert (headers["ce-id"], headers["ce-type"], headers["ce-specversion"]) == ("id-1", "lead.accepted.v1", "1.0")
    assert headers["ce-source"] == "a%20%22b%22%20%C3%A9%25"
    assert headers["traceparent"] == "00-ab-cd-01"


async def test_without_a_format_the_body_is_byte_for_byte_what_it_always_was() -> None:
    headers, body = await told("OLD")
    said = {"type": "lead.accepted.v1", "timestamp": "2026-11-22T14:03:05.120Z", "data": FIELDS}
    assert (headers["content-type"], body) == ("application/json", json.dumps(said).encode())
    assert not [name for name in headers if name.startswith("ce-")]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody on loopback whom nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


async def call(url: str) -> None:
    channel = Webhook(Channel("webhook", url, {"secret_env": "OLD"}, timedelta(seconds=5)), ENV)
    try:
        await channel.deliver(delivery())
    finally:
        await channel.close()


SPELLINGS = [
    "0177.0.0.1", "0x7f000001", "017700000001", "2130706433", "127.1", "127.0.0.1.", "localhost", "localhost.",
    "0", "①②⑦.⓪.⓪.①", "127。0。0。1", "%31%32%37.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_an_address_of_ours_is_called(host: str, listener: socket.socket) -> None:
    url = f"http://{host}:{listener.getsockname()[1]}/leads"
    with pytest.raises((ChannelError, Unreachable)):
        await call(url)
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "10.1.2.3"), (socket.AF_INET6, "::ffff:127.0.0.1")],
)
async def test_a_name_is_judged_by_where_it_leads_at_every_connect(
    monkeypatch: pytest.MonkeyPatch, family: socket.AddressFamily, address: str, listener: socket.socket
) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        where = (address, port) if family == socket.AF_INET else (address, port, 0, 0)
        return [(family, socket.SOCK_STREAM, 6, "", where)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    url = f"http://partner.example:{listener.getsockname()[1]}/leads"
    channel = Webhook(Channel("webhook", url, {"secret_env": "OLD"}, timedelta(seconds=5)), ENV)
    for _ in range(2):
        with pytest.raises(Unreachable, match=f"{address} is not a public address"):
            await channel.deliver(delivery())
    await channel.close()
    assert asked[0] == "partner.example"
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_connection_may_be_made_to_an_ordinary_address_only() -> None:
    stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    public_socket((*stream, ("8.8.8.8", 443))).close()
    for address in ("192.168.0.1", "0177.0.0.1"):
        with pytest.raises(OSError, match="not a public address"):
            public_socket((*stream, (address, 443)))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "255.255.255.255", "169.254.169.254", "192.0.0.8", "198.18.0.1", "240.0.0.1", "224.0.0.1",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::a00:1",
        "2002:a00:1::", "2001:0:7f00:1::", "2001:db8::1", "fec0::1", "fe80::1", "fd12::1", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_of_our_own_network_is_not_public_however_it_is_wrapped(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2a00:1450:4001::200e"])
def test_an_ordinary_address_is_public_also_when_it_is_wrapped(address: str) -> None:
    assert is_public(address)
