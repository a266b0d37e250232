"""Every receiver keeps the same promises, each against the real thing."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from time import monotonic
from typing import Any

import pytest

from streams.receivers import Received, Receiver, ReceiverDown
from tests.channels.far_servers import KafkaWithLogin
from tests.receivers.upstreams import (
    JSON,
    TRACE,
    TYPE,
    FarKafkaUpstream,
    PlainSqsUpstream,
    RabbitUpstream,
    RedisUpstream,
    Sent,
    SqsUpstream,
    Upstream,
)

UPSTREAMS: dict[str, tuple[Any, str]] = {  # each with the fixture that is its server
    "rabbitmq": (RabbitUpstream, "rabbitmq"),
    "redis": (RedisUpstream, "redis"),
    "sqs": (SqsUpstream, "sqs"),
    "sqs-standard": (PlainSqsUpstream, "sqs"),  # moto keeps the order, which a standard queue does not promise
    "kafka": (FarKafkaUpstream, "far_kafka"),
}
REFUSED = ("ACCESS_REFUSED", "Authentication", "WRONGPASS", "InvalidClientTokenId", "bad credentials")
ORDERS = [Sent(f"id-{number}", f"key-{number % 3}", b'{"number": %d}' % number) for number in range(30)]
PATIENCE_S = 30


@pytest.fixture(params=UPSTREAMS)
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[Upstream]:
    kind, server = UPSTREAMS[request.param]
    made = kind(request.getfixturevalue(server))
    await made.prepare()
    yield made
    made.relent()


@pytest.fixture(scope="module")
def far_kafka_process() -> Iterator[KafkaWithLogin]:
    with KafkaWithLogin() as server:
        yield server


@pytest.fixture
def far_kafka(far_kafka_process: KafkaWithLogin) -> KafkaWithLogin:
    """A cluster that may go away, and runs also where the test before has ended it."""
    far_kafka_process.start()
    return far_kafka_process


@pytest.fixture
async def receiver(upstream: Upstream) -> AsyncIterator[Receiver]:
    opened = upstream.open()
    yield opened
    await opened.close()


async def taken(receiver: Receiver, count: int, *, is_acknowledged: bool = True) -> list[Received]:
    """The next so many, and no more."""
    found: list[Received] = []
    deadline = monotonic() + PATIENCE_S
    while len(found) < count and monotonic() < deadline:
        came = await receiver.receive(count - len(found))
        if came and is_acknowledged:
            await receiver.acknowledge(came)
        found += came
    assert len(found) == count
    return found


async def down(receiver: Receiver) -> str:
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        try:
            await receiver.receive(10)
        except ReceiverDown as error:
            return str(error)
    raise AssertionError("it never said so")


def ids(received: Sequence[Received], key: str | None = None) -> list[str]:
    return [each.id for each in received if key in (None, each.key)]


async def test_a_message_comes_with_its_id_its_type_and_its_bytes(upstream: Upstream, receiver: Receiver) -> None:
    await upstream.send(Sent("id-1", "key-1", b'{"n": 1}'))
    (came,) = await taken(receiver, 1)
    assert (came.id, came.type, came.key, came.body) == ("id-1", TYPE, "key-1", b'{"n": 1}')
    assert came.content_type == JSON and came.attributes["traceparent"] == TRACE


async def test_each_key_keeps_its_order_and_no_more_come_than_were_asked_for(
    upstream: Upstream, receiver: Receiver
) -> None:
    await upstream.send(*ORDERS)
    came = await taken(receiver, len(ORDERS))
    for key in ("key-0", "key-1", "key-2"):
        assert ids(came, key) == [sent.id for sent in ORDERS if sent.key == key]


async def test_what_was_not_acknowledged_comes_again_in_its_order_and_nothing_else(
    upstream: Upstream, receiver: Receiver
) -> None:
    await upstream.send(*ORDERS[:6])
    done = ids(await taken(receiver, 2))
    left = [sent for sent in ORDERS if sent.id not in done]
    await upstream.send(*ORDERS[6:])
    first = await taken(receiver, 4, is_acknowledged=False)
    await receiver.close()
    second = upstream.open()
    again = await taken(second, 28)
    assert set(ids(again)) == {sent.id for sent in left}
    for key in ("key-0", "key-1", "key-2"):
        assert ids(again, key) == [sent.id for sent in left if sent.key == key]
    assert set(ids(first)) <= set(ids(again))
    assert await second.receive(10) == []
    await second.close()


async def test_it_waits_about_a_second_for_nothing(receiver: Receiver) -> None:
    await receiver.receive(10)  # connects
    started = monotonic()
    assert await receiver.receive(10) == []
    assert 0.5 < monotonic() - started < 5


async def test_an_outage_is_told_and_work_goes_on_after_it(upstream: Upstream, receiver: Receiver) -> None:
    await upstream.send(ORDERS[0])
    await taken(receiver, 1)
    await upstream.go_away()
    assert await down(receiver)
    await upstream.come_back()
    await upstream.send(ORDERS[1])
    async with asyncio.timeout(PATIENCE_S):
        came: list[Received] = []
        while "id-1" not in ids(came):  # the server may have forgotten that id-0 was acknowledged
            try:
                came += await receiver.receive(10)
            except ReceiverDown:
                await asyncio.sleep(0.1)
    assert set(ids(came)) <= {"id-0", "id-1"}


async def test_wrong_credentials_are_told(upstream: Upstream) -> None:
    stranger = upstream.open(is_stranger=True)
    said = await down(stranger)
    assert any(word in said for word in REFUSED), said
    await stranger.close()


async def test_close_is_no_trouble_before_anything_was_received(receiver: Receiver) -> None:
    await receiver.close()
