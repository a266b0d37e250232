"""A Redis channel against a real server: entries, how many are kept, and what the server may say."""

import json
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis as RedisClient

from streams.domain.failure import Unreachable
from tests import redis_server
from tests.channels.deliveries import FIELDS, delivery
from tests.channels.far_brokers import RedisEnd
from tests.redis_server import RedisServer


@pytest.fixture
def end(redis: RedisServer) -> RedisEnd:
    return RedisEnd(redis)


async def entries(end: RedisEnd) -> list[dict[bytes, bytes]]:
    async with RedisClient.from_url(end.server.url, password=redis_server.PASSWORD) as client:
        found: Any = await client.xrange(end.name)
    return [fields for _, fields in found]


async def test_an_entry_says_what_it_is_beside_its_body(end: RedisEnd) -> None:
    channel = end.channel()
    await channel.deliver(delivery("id-1", ce_source=b"acme"))
    await channel.close()
    [fields] = await entries(end)
    assert json.loads(fields[b"body"])["data"] == FIELDS
    assert fields[b"content-type"] == b"application/cloudevents+json"
    told = {name: fields[name] for name in (b"ce_id", b"ce_type", b"ce_source", b"ce_subject")}
    assert list(told.values()) == [b"id-1", b"lead.accepted.v1", b"acme", b"lead-1"]


async def test_avro_goes_out_as_the_records_own_bytes(end: RedisEnd) -> None:
    channel = end.channel(format="avro")
    await channel.deliver(delivery(raw=b"\0\0\0\0\7\xff\xfe"))
    await channel.close()
    [fields] = await entries(end)
    assert (fields[b"body"], fields[b"content-type"]) == (b"\0\0\0\0\7\xff\xfe", b"application/avro")


@pytest.mark.parametrize(
    ("limit", "fewest", "most"),
    [({}, 300, 300), ({"maxlen": 10, "trim": "exact"}, 10, 10), ({"maxlen": 10}, 10, 299)],
)
async def test_a_stream_keeps_as_many_entries_as_the_stanza_says(
    end: RedisEnd, limit: dict[str, Any], fewest: int, most: int
) -> None:
    channel = end.channel(**limit)
    for number in range(300):
        await channel.deliver(delivery(str(number)))
    await channel.close()
    got = await end.got()
    assert fewest <= len(got) <= most
    assert got[-1].id == "299"


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        (["CONFIG SET maxmemory 1"], "not allowed when used memory"),
        (["REPLICAOF 127.0.0.1 1"], "read only replica"),
        (
            [f"ACL SETUSER default resetkeys ~else:* on >{redis_server.PASSWORD}"],
            "bad credentials: .*permission",
        ),
    ],
)
async def test_a_server_that_takes_nothing_is_trouble_of_the_partner(
    end: RedisEnd, commands: list[str], reason: str
) -> None:
    async with end.client as client:
        for command in commands:
            await client.execute_command(*command.split())  # type: ignore[no-untyped-call]
    channel = end.channel()
    with pytest.raises(Unreachable, match=reason):
        await channel.deliver(delivery())
    await channel.close()


async def test_a_server_that_hangs_is_unreachable_in_time_and_goes_on_when_it_wakes(end: RedisEnd) -> None:
    channel = end.channel(timeout=timedelta(seconds=0.3))
    await channel.deliver(delivery("id-1"))
    end.server.freeze()
    with pytest.raises(Unreachable, match=r"no answer within 0\.3 s"):
        await channel.deliver(delivery("id-2"))
    end.server.thaw()
    await channel.deliver(delivery("id-3"))
    await channel.close()
    assert "id-3" in [each.id for each in await end.got()]
