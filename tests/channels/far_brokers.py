"""RabbitMQ, Redis and SQS as far ends of channels."""

import asyncio
from dataclasses import replace
from typing import Any

import aio_pika
from aiobotocore.session import get_session
from redis.asyncio import Redis as RedisClient

from streams.domain.delivery import Delivery
from tests import redis_server
from tests.channels.deliveries import FIELDS, delivery
from tests.channels.far_ends import FarEnd, Got, Stanza
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer
from tests.sqs_server import REGION, SqsServer

SESSION = get_session()


class RabbitEnd(FarEnd):
    def __init__(self, server: RabbitServer) -> None:
        super().__init__()
        self.server = server

    def stanza(self, is_stranger: bool) -> Stanza:
        url = self.server.url.replace("guest:guest", "guest:wrong") if is_stranger else self.server.url
        target = f"amqp://127.0.0.1:{self.server.port}/"
        return "rabbitmq", target, {"url_env": "ACME_AMQP", "exchange": self.name}, {"ACME_AMQP": url}

    async def prepare(self) -> None:
        async with await aio_pika.connect(self.server.url) as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(self.name, aio_pika.ExchangeType.TOPIC, durable=True)
            queue = await channel.declare_queue(self.name, durable=True)
            await queue.bind(exchange, "lead.#")

    async def messages(self) -> list[aio_pika.abc.AbstractIncomingMessage]:
        found = []
        async with await aio_pika.connect(self.server.url) as connection:
            queue = await (await connection.channel()).get_queue(self.name)
            while message := await queue.get(fail=False, no_ack=True):
                found.append(message)
        return found

    async def got(self) -> list[Got]:
        return [Got(str(each.message_id), str(each.headers["cloudEvents_subject"])) for each in await self.messages()]

    async def go_away(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def refuse(self) -> Delivery:
        return replace(delivery(), type="order.placed.v1")  # no queue is bound for it

    async def relent(self) -> None:
        """Others are routed."""


class RedisEnd(FarEnd):
    def __init__(self, server: RedisServer) -> None:
        super().__init__()
        self.server = server

    @property
    def client(self) -> RedisClient:
        return RedisClient.from_url(self.server.url, password=redis_server.PASSWORD, decode_responses=True)

    def stanza(self, is_stranger: bool) -> Stanza:
        password = "wrong" if is_stranger else redis_server.PASSWORD
        options = {"stream": self.name, "password_env": "ACME_REDIS"}
        return "redis", self.server.url, options, {"ACME_REDIS": password}

    async def prepare(self) -> None:
        """A stream is there with its first entry."""

    async def got(self) -> list[Got]:
        async with self.client as client:
            entries: Any = await client.xrange(self.name)
        return [Got(fields["ce_id"], fields["ce_subject"]) for _, fields in entries]

    async def go_away(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def refuse(self) -> Delivery:
        async with self.client as client:
            await client.set(self.name, "no stream")
        return delivery()

    async def relent(self) -> None:
        async with self.client as client:
            await client.delete(self.name)


class SqsEnd(FarEnd):
    queue_ends = ""

    def __init__(self, server: SqsServer) -> None:
        super().__init__()
        self.server = server
        self.name += self.queue_ends

    @property
    def client(self) -> Any:
        return SESSION.create_client(
            "sqs", REGION, endpoint_url=self.server.url, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def stanza(self, is_stranger: bool) -> Stanza:
        own = {"region": REGION, "access_key_env": "ACME_KEY", "secret_key_env": "ACME_SECRET"}
        if is_stranger:
            self.server.check_credentials()
        return "sqs", self.server.queue_url(self.name), own, {"ACME_KEY": "test", "ACME_SECRET": "test"}

    async def prepare(self) -> None:
        attributes = {"MaximumMessageSize": "65536"} | ({"FifoQueue": "true"} if self.queue_ends else {})
        async with self.client as client:
            await client.create_queue(QueueName=self.name, Attributes=attributes)

    async def messages(self) -> list[Any]:
        found: list[Any] = []
        async with self.client as client:
            while messages := (
                await client.receive_message(
                    QueueUrl=self.server.queue_url(self.name),
                    MaxNumberOfMessages=10,
                    MessageAttributeNames=["All"],
                    AttributeNames=["All"],
                )
            ).get("Messages"):
                found.extend(messages)
                entries = [{"Id": str(at), "ReceiptHandle": each["ReceiptHandle"]} for at, each in enumerate(messages)]
                await client.delete_message_batch(QueueUrl=self.server.queue_url(self.name), Entries=entries)
        return found

    async def got(self) -> list[Got]:
        told = [each["MessageAttributes"] for each in await self.messages()]
        return [Got(each["ce_id"]["StringValue"], each["ce_subject"]["StringValue"]) for each in told]

    async def go_away(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.start)
        await self.prepare()

    async def refuse(self) -> Delivery:
        return replace(delivery("large"), fields=FIELDS | {"note": "x" * 70_000})

    async def relent(self) -> None:
        self.server.check_credentials(False)


class SqsFifoEnd(SqsEnd):
    keeps_one_of_an_id = True
    queue_ends = ".fifo"
