"""A RabbitMQ channel against a real server: what a message carries, and what the server may say of it."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from streams.channels import ChannelError
from streams.channels.rabbitmq import RabbitMq
from streams.contracts.topology import Channel
from streams.domain.failure import TryLater, Unreachable
from tests.channels.deliveries import FIELDS, TIME, delivery
from tests.channels.far_brokers import RabbitEnd
from tests.rabbitmq_server import RabbitServer


@pytest.fixture
async def end(rabbitmq: RabbitServer) -> RabbitEnd:
    far_end = RabbitEnd(rabbitmq)
    await far_end.prepare()
    return far_end


@pytest.fixture
async def admin(rabbitmq: RabbitServer) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(rabbitmq.url) as connection:
        yield await connection.channel()


async def test_a_message_is_persistent_and_says_what_it_is_without_being_opened(end: RabbitEnd) -> None:
    channel = end.channel()
    await channel.deliver(delivery("id-1", ce_source=b"acme"))
    await channel.close()
    [message] = await end.messages()
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert (message.message_id, message.type, message.routing_key) == ("id-1", "lead.accepted.v1", "lead.accepted.v1")
    assert message.content_type == "application/cloudevents+json"
    assert message.timestamp == TIME.replace(microsecond=0)
    assert message.headers["cloudEvents_source"] == "acme"
    assert json.loads(message.body)["data"] == FIELDS


async def test_avro_goes_out_as_the_records_own_bytes(end: RabbitEnd) -> None:
    channel = end.channel(format="avro")
    await channel.deliver(delivery(raw=b"\0\0\0\0\7bytes"))
    await channel.close()
    [message] = await end.messages()
    assert (message.body, message.content_type) == (b"\0\0\0\0\7bytes", "application/avro")
    assert message.headers["cloudEvents_time"] == "2026-11-22T14:03:05.120Z"


async def test_without_an_exchange_the_routing_key_is_a_queue(end: RabbitEnd) -> None:
    channel = end.channel(exchange="", routing_key=end.name)
    await channel.deliver(delivery("id-1"))
    await channel.close()
    assert [each.id for each in await end.got()] == ["id-1"]


async def test_an_exchange_that_is_not_there_is_named_and_found_when_somebody_has_made_it(
    end: RabbitEnd, admin: AbstractChannel
) -> None:
    channel = end.channel(exchange=f"{end.name}-late")
    with pytest.raises(Unreachable, match=f"NOT_FOUND.*{end.name}-late"):
        await channel.deliver(delivery())
    exchange = await admin.declare_exchange(f"{end.name}-late", "fanout")
    await (await admin.get_queue(end.name)).bind(exchange)
    await channel.deliver(delivery("id-2"))
    await channel.close()
    assert [each.id for each in await end.got()] == ["id-2"]


async def test_a_full_queue_is_trouble_of_the_partner_and_not_of_the_message(
    end: RabbitEnd, admin: AbstractChannel
) -> None:
    full: Any = {"x-max-length": 1, "x-overflow": "reject-publish"}
    await admin.declare_queue(f"{end.name}-full", arguments=full, exclusive=False, auto_delete=True)
    channel = end.channel(exchange="", routing_key=f"{end.name}-full")
    await channel.deliver(delivery("id-1"))
    with pytest.raises(Unreachable, match="nack"):
        await channel.deliver(delivery("id-2"))
    await channel.close()


async def test_a_server_that_hangs_is_unreachable_in_time_and_goes_on_when_it_wakes(end: RabbitEnd) -> None:
    channel = end.channel(timeout=timedelta(seconds=0.5))
    await channel.deliver(delivery("id-1"))
    end.server.freeze()
    try:
        with pytest.raises(Unreachable, match=r"no confirmation within 0\.5 s"):
            await channel.deliver(delivery("id-2"))
    finally:
        end.server.thaw()
    patient = end.channel()
    await patient.deliver(delivery("id-3"))
    await patient.close()
    await channel.close()
    assert "id-3" in [each.id for each in await end.got()]


async def test_an_id_that_amqp_cannot_carry_is_that_messages_own_failure(end: RabbitEnd) -> None:
    channel = end.channel()
    with pytest.raises(Exception, match="255") as caught:
        await channel.deliver(replace(delivery(), id="x" * 300))
    assert not isinstance(caught.value, TryLater)
    await channel.deliver(delivery("id-2"))
    await channel.close()
    assert [each.id for each in await end.got()] == ["id-2"]


def test_an_address_that_is_not_set_is_named() -> None:
    with pytest.raises(ChannelError, match="ACME_AMQP is not set"):
        RabbitMq(Channel("rabbitmq", "amqp://acme", {"url_env": "ACME_AMQP", "exchange": "leads"}), {})
