"""An SQS channel against a real HTTP server that speaks SQS, and against one whose answers the test writes."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from streams.channels import ChannelError, Rejected
from streams.channels.sqs import LARGEST, Sqs
from streams.contracts.topology import Channel
from streams.domain.failure import Poison, Unreachable
from tests.channels.deliveries import FIELDS, delivery, of_key
from tests.channels.far_brokers import SqsEnd, SqsFifoEnd
from tests.sqs_server import SqsServer

Entries = list[dict[str, Any]]
Answer = Callable[[Entries], Awaitable[tuple[int, dict[str, Any]]]]
OPTIONS = {"region": "eu-west-1", "access_key_env": "KEY", "secret_key_env": "SECRET"}
ENV = {"KEY": "key", "SECRET": "secret"}


@asynccontextmanager
async def queue(answer: Answer, path: str = "/1/leads") -> AsyncIterator[tuple[Sqs, list[Entries]]]:
    """A channel to a queue that answers so, and the requests that came there."""
    requests: list[Entries] = []

    async def handle(request: web.Request) -> web.Response:
        asked = json.loads(await request.read())
        requests.append(asked["Entries"])
        status, body = await answer(asked["Entries"])
        return web.json_response(body, status=status, content_type="application/x-amz-json-1.0")

    app = web.Application(client_max_size=1 << 22)
    app.router.add_post("/", handle)
    async with TestServer(app) as server:
        channel = Sqs(Channel("sqs", str(server.make_url(path)), OPTIONS), ENV)
        yield channel, requests
        await channel.close()


def taken(entries: Entries) -> dict[str, Any]:
    told = [{"Id": each["Id"], "MessageId": each["Id"], "MD5OfMessageBody": "x"} for each in entries]
    return {"Successful": told, "Failed": []}


async def take(entries: Entries) -> tuple[int, dict[str, Any]]:
    return 200, taken(entries)


def refusing(code: str, status: int = 400) -> Answer:
    async def answer(_: Entries) -> tuple[int, dict[str, Any]]:
        return status, {"__type": f"com.amazonaws.sqs#{code}", "message": "so it is"}

    return answer


async def test_a_message_says_what_it_is_in_at_most_ten_attributes(sqs: SqsServer) -> None:
    end = SqsEnd(sqs)
    await end.prepare()
    channel = end.channel()
    traced = {"ce_source": b"acme", "ce_correlationid": b"1", "ce_causationid": b"2", "traceparent": b"00-1-2-01"}
    await channel.deliver(delivery("id-1", **traced))
    await channel.close()
    [message] = await end.messages()
    assert json.loads(message["Body"])["data"] == FIELDS
    told = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert (
        told.items() >= {"ce_id": "id-1", "ce_source": "acme", "content-type": "application/cloudevents+json"}.items()
    )
    assert len(told) == 10


async def test_avro_travels_in_base64(sqs: SqsServer) -> None:
    end = SqsEnd(sqs)
    await end.prepare()
    channel = end.channel(format="avro")
    await channel.deliver(delivery(raw=b"\0\0\0\0\7\xff"))
    await channel.close()
    [message] = await end.messages()
    assert b64decode(message["Body"]) == b"\0\0\0\0\7\xff"
    assert message["MessageAttributes"]["content-type"]["StringValue"] == "application/avro"


async def test_the_key_is_the_group_also_where_sqs_would_not_take_it_as_one(sqs: SqsServer) -> None:
    end = SqsFifoEnd(sqs)
    await end.prepare()
    channel = end.channel()
    for key in ("lead-1", "São Paulo", "x" * 300):
        await channel.deliver(of_key(key, f"id of {key}"))
    await channel.close()
    groups = [message["Attributes"]["MessageGroupId"] for message in await end.messages()]
    assert groups[0] == "lead-1"
    assert [len(group) for group in groups] == [6, 64, 64]
    assert len(set(groups)) == 3


async def test_a_queue_that_is_not_there_is_named(sqs: SqsServer) -> None:
    channel = SqsEnd(sqs).channel()
    with pytest.raises(Unreachable, match=r"NonExistentQueue|QueueDoesNotExist"):
        await channel.deliver(delivery())
    await channel.close()


async def test_deliveries_of_a_moment_share_requests_of_ten() -> None:
    async with queue(take) as (channel, requests):
        await asyncio.gather(*(channel.deliver(of_key(str(number), str(number))) for number in range(25)))
    assert [len(entries) for entries in requests] == [10, 10, 5]


async def test_large_messages_share_no_request_beyond_its_limit() -> None:
    large = [replace(of_key(str(number), str(number)), fields={"note": "x" * 100_000}) for number in range(5)]
    async with queue(take) as (channel, requests):
        await asyncio.gather(*(channel.deliver(each) for each in large))
    assert [len(entries) for entries in requests] == [2, 2, 1]


async def test_of_a_request_that_succeeds_in_part_each_message_has_its_own_end() -> None:
    async def answer(entries: Entries) -> tuple[int, dict[str, Any]]:
        failed = [
            {"Id": "1", "SenderFault": True, "Code": "InvalidMessageContents", "Message": "a letter is not allowed"},
            {"Id": "2", "SenderFault": False, "Code": "InternalError", "Message": "try again"},
        ]
        return 200, taken([entries[0]]) | {"Failed": failed}

    async with queue(answer) as (channel, _):
        ends = await asyncio.gather(*(channel.deliver(delivery(str(n))) for n in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [tuple, Rejected, Unreachable]
    assert "a letter is not allowed" in str(ends[1])


async def test_a_request_that_is_refused_for_one_message_does_not_fail_the_others() -> None:
    async def answer(entries: Entries) -> tuple[int, dict[str, Any]]:
        if any("wrong" in each["MessageBody"] for each in entries):
            return await refusing("InvalidMessageContents")(entries)
        return await take(entries)

    async with queue(answer) as (channel, requests):
        deliveries = [delivery("1"), replace(delivery("2"), fields={"note": "wrong"}), delivery("3")]
        ends = await asyncio.gather(*map(channel.deliver, deliveries), return_exceptions=True)
    assert [type(end) for end in ends] == [tuple, Rejected, tuple]
    assert [len(entries) for entries in requests] == [3, 1, 1, 1]


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("ThrottlingException", 400, "Throttling"),
        ("InternalFailure", 500, "InternalFailure"),
        ("ServiceUnavailable", 503, "ServiceUnavailable"),
        ("KmsDisabled", 400, "KmsDisabled"),
        ("AccessDeniedException", 400, "bad credentials: AccessDenied"),
        ("ExpiredTokenException", 403, "bad credentials: ExpiredToken"),
    ],
)
async def test_trouble_of_the_queue_is_no_failure_of_a_message(code: str, status: int, reason: str) -> None:
    async with queue(refusing(code, status)) as (channel, requests):
        with pytest.raises(Unreachable, match=reason):
            await channel.deliver(delivery())
    assert len(requests) == 1


async def test_a_message_that_no_queue_takes_is_poison_and_asked_for_nowhere() -> None:
    async with queue(take) as (channel, requests):
        with pytest.raises(Poison, match=f"a queue takes {LARGEST} at most"):
            await channel.deliver(replace(delivery(), fields={"note": "x" * LARGEST}))
    assert requests == []


async def test_without_any_credentials_it_says_so(sqs: SqsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    channel = Sqs(Channel("sqs", sqs.queue_url("leads"), {"region": "eu-west-1"}), {})
    with pytest.raises(Unreachable, match="bad credentials: Unable to locate credentials"):
        await channel.deliver(delivery())
    await channel.close()


def test_a_url_that_does_not_tell_its_region_needs_one() -> None:
    with pytest.raises(ChannelError, match="region"):
        Sqs(Channel("sqs", "https://queues.acme.example/1/leads"), {})
    Sqs(Channel("sqs", "https://sqs.eu-central-1.amazonaws.com/1/leads"), {})
