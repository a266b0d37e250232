"""Every channel keeps the same promises, each against the real thing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from streams.channels import OpenChannel
from streams.domain.delivery import Delivery
from streams.domain.failure import Gone, TryLater, Unreachable
from tests.channels.deliveries import of_key
from tests.channels.far_brokers import RabbitEnd, RedisEnd, SqsEnd, SqsFifoEnd
from tests.channels.far_ends import FarEnd, Got
from tests.channels.far_servers import KafkaEnd, KafkaWithLogin, SmtpEnd, WebhookEnd
from tests.smtp_server import SmtpServer

ENDS: dict[str, tuple[Any, str]] = {  # each with the fixture that is its server
    "webhook": (WebhookEnd, ""),
    "kafka": (KafkaEnd, "kafka_with_login"),
    "rabbitmq": (RabbitEnd, "rabbitmq"),
    "sqs": (SqsEnd, "sqs"),
    "sqs_fifo": (SqsFifoEnd, "sqs"),
    "redis": (RedisEnd, "redis"),
    "smtp": (SmtpEnd, "smtp"),
}


@pytest.fixture(scope="module")
def kafka_with_login() -> Iterator[KafkaWithLogin]:
    with KafkaWithLogin() as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture(params=ENDS)
async def end(request: pytest.FixtureRequest) -> AsyncIterator[FarEnd]:
    kind, server = ENDS[request.param]
    far_end = kind(request.getfixturevalue(server)) if server else kind()
    await far_end.prepare()
    yield far_end
    await far_end.relent()
    if isinstance(far_end, WebhookEnd):
        await far_end.go_away()


@pytest.fixture
async def channel(end: FarEnd) -> AsyncIterator[OpenChannel]:
    opened = end.channel()
    yield opened
    await opened.close()


async def failure(channel: OpenChannel, message: Delivery) -> Exception:
    try:
        await channel.deliver(message)
    except Exception as error:
        return error
    raise AssertionError("it was delivered")


async def delivered(channel: OpenChannel, message: Delivery) -> None:
    """As the breaker probes: again and again until the far end is back."""
    async with asyncio.timeout(60):
        while True:
            try:
                await channel.deliver(message)
                return
            except Unreachable:
                await asyncio.sleep(0.1)


async def test_a_delivery_arrives_with_its_id_and_key(end: FarEnd, channel: OpenChannel) -> None:
    assert list(await channel.deliver(of_key("lead-1", "id-1"))) == []
    assert await end.got() == [Got("id-1", "lead-1")]


async def test_a_repeat_is_recognised_by_its_id(end: FarEnd, channel: OpenChannel) -> None:
    for _ in range(2):
        await channel.deliver(of_key("lead-1", "id-1"))
    assert await end.got() == [Got("id-1", "lead-1")] * (1 if end.keeps_one_of_an_id else 2)


async def test_many_keys_at_a_time_arrive_each_in_its_order(end: FarEnd, channel: OpenChannel) -> None:
    async def one_after_another(key: str) -> None:
        for number in range(5):
            await channel.deliver(of_key(key, f"{key}-{number}"))

    await asyncio.gather(*(one_after_another(f"lead-{number}") for number in range(6)))
    got = await end.got()
    for key in {each.key for each in got}:
        assert [each.id for each in got if each.key == key] == [f"{key}-{number}" for number in range(5)]
    assert len(got) == 6 * 5


async def test_a_refusal_is_the_records_own_and_the_next_one_passes(end: FarEnd, channel: OpenChannel) -> None:
    error = await failure(channel, await end.refuse())
    assert not isinstance(error, TryLater | Gone), error
    assert str(error)
    await end.relent()
    await channel.deliver(of_key("lead-2", "id-2"))
    assert await end.got() == [Got("id-2", "lead-2")]


@pytest.mark.parametrize("end", [name for name in ENDS if name != "sqs_fifo"], indirect=True)  # the server of sqs
async def test_a_server_that_dies_is_unreachable_and_the_same_channel_delivers_when_it_is_back(
    end: FarEnd, channel: OpenChannel
) -> None:
    await channel.deliver(of_key("lead-1", "before"))
    await end.go_away()
    error = await failure(channel, of_key("lead-1", "after"))
    assert isinstance(error, Unreachable), error
    assert str(error)
    await end.come_back()
    await delivered(channel, of_key("lead-1", "after"))
    assert (await end.got())[-1] == Got("after", "lead-1")


async def test_bad_credentials_are_told_as_such_and_nothing_arrives(end: FarEnd) -> None:
    stranger = end.channel(is_stranger=True)
    error = await failure(stranger, of_key("lead-1", "id-1"))
    await stranger.close()
    assert end.stranger in str(error)
    assert isinstance(error, Unreachable) or isinstance(end, WebhookEnd), error


async def test_closing_in_the_middle_loses_nothing_that_was_reported_as_delivered(end: FarEnd) -> None:
    channel = end.channel(timeout=timedelta(seconds=10))
    tasks = {number: asyncio.create_task(channel.deliver(of_key(number, number))) for number in map(str, range(60))}
    await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_COMPLETED)
    await channel.close()
    ended = await asyncio.gather(*tasks.values(), return_exceptions=True)
    reported = {number for number, result in zip(tasks, ended, strict=True) if not isinstance(result, BaseException)}
    await channel.close()
    assert reported
    assert reported <= {each.id for each in await end.got()}


async def test_a_channel_that_never_delivered_closes(end: FarEnd) -> None:
    await end.channel().close()
