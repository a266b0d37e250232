"""The other side of a receiver, a real server: what is sent there, what it still holds, its outages and credentials."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import aio_pika
from aiobotocore.session import get_session
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from redis.asyncio import Redis as RedisClient

from streams.contracts.settings import Settings
from streams.contracts.topology import Channel, Stanza
from streams.domain.failure import Ladder
from streams.receivers import Receiver, open_receiver
from streams.runtime import clients
from tests import redis_server
from tests.channels.far_servers import KafkaWithLogin
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer
from tests.sqs_server import REGION, SqsServer

GROUP, TYPE, JSON = "customer.in", "order.placed.v1", "application/json"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Sent(NamedTuple):
    """A message as its sender means it."""

    id: str
    key: str
    body: bytes = b"{}"
    type: str = TYPE


class Upstream(ABC):
    """Of one transport and one test: what is sent there lies apart from what other tests send."""

    def __init__(self) -> None:
        self.name = f"t{uuid4().hex[:12]}"

    def stanza(self, *, is_stranger: bool = False) -> tuple[Stanza, Mapping[str, str]]:
        channel, env = self.channel(is_stranger)
        return Stanza(GROUP, "inbound", (), Ladder((), "bury"), 1, upstream=channel), env

    def open(self, *, is_stranger: bool = False) -> Receiver:
        stanza, env = self.stanza(is_stranger=is_stranger)
        return open_receiver(stanza, Settings(prefix=f"{self.name}."), env)

    @abstractmethod
    def channel(self, is_stranger: bool) -> tuple[Channel, Mapping[str, str]]: ...

    def relent(self) -> None:
        """Nobody is refused any longer."""
        assert self.name

    @abstractmethod
    async def prepare(self) -> None: ...

    @abstractmethod
    async def send(self, *messages: Sent) -> None: ...

    @abstractmethod
    async def go_away(self) -> None: ...

    @abstractmethod
    async def come_back(self) -> None:
        """With nothing in it where the server keeps nothing through a kill."""


class RabbitUpstream(Upstream):
    def __init__(self, server: RabbitServer) -> None:
        super().__init__()
        self.server = server

    def channel(self, is_stranger: bool) -> tuple[Channel, Mapping[str, str]]:
        url = self.server.url.replace("guest:guest", "guest:wrong") if is_stranger else self.server.url
        options = {"queue": self.name, "url_env": "SHOP_AMQP"}
        return Channel("rabbitmq", f"amqp://127.0.0.1:{self.server.port}/", options), {"SHOP_AMQP": url}

    async def prepare(self) -> None:
        async with await aio_pika.connect(self.server.url) as connection:
            arguments: Any = {"x-single-active-consumer": True}
            await (await connection.channel()).declare_queue(self.name, durable=True, arguments=arguments)

    async def send(self, *messages: Sent) -> None:
        async with await aio_pika.connect(self.server.url) as connection:
            exchange = (await connection.channel()).default_exchange
            for sent in messages:
                headers: Any = {"traceparent": TRACE, "cloudEvents_partitionkey": sent.key}
                told: dict[str, Any] = {"message_id": sent.id, "type": sent.type, "content_type": JSON}
                mode = aio_pika.DeliveryMode.PERSISTENT
                message = aio_pika.Message(sent.body, delivery_mode=mode, headers=headers, **told)
                await exchange.publish(message, self.name)

    async def go_away(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.start)


class RedisUpstream(Upstream):
    def __init__(self, server: RedisServer) -> None:
        super().__init__()
        self.server = server

    def channel(self, is_stranger: bool) -> tuple[Channel, Mapping[str, str]]:
        password = "wrong" if is_stranger else redis_server.PASSWORD
        options = {"stream": self.name, "password_env": "SHOP_REDIS"}
        return Channel("redis", self.server.url, options), {"SHOP_REDIS": password}

    async def prepare(self) -> None:
        """A stream is there with its first entry."""

    async def send(self, *messages: Sent) -> None:
        async with RedisClient.from_url(self.server.url, password=redis_server.PASSWORD) as client:
            for sent in messages:
                told: Any = {"id": sent.id, "type": sent.type, "content-type": JSON, "key": sent.key}
                await client.xadd(self.name, told | {"traceparent": TRACE, "body": sent.body})

    async def go_away(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.start)


class SqsUpstream(Upstream):
    queue_ends = ".fifo"

    def __init__(self, server: SqsServer) -> None:
        super().__init__()
        self.server = server
        self.name += self.queue_ends

    @property
    def url(self) -> str:
        return self.server.queue_url(self.name)

    @property
    def client(self) -> Any:
        return get_session().create_client(
            "sqs", REGION, endpoint_url=self.server.url, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def channel(self, is_stranger: bool) -> tuple[Channel, Mapping[str, str]]:
        options = {"region": REGION, "access_key_env": "SHOP_KEY", "secret_key_env": "SHOP_SECRET"}
        self.server.check_credentials(is_stranger)
        return Channel("sqs", self.url, options, timedelta(seconds=3)), {"SHOP_KEY": "test", "SHOP_SECRET": "test"}

    async def prepare(self) -> None:
        attributes = {"VisibilityTimeout": "2"} | ({"FifoQueue": "true"} if self.queue_ends else {})
        async with self.client as client:
            await client.create_queue(QueueName=self.name, Attributes=attributes)

    async def send(self, *messages: Sent) -> None:
        async with self.client as client:
            for sent in messages:
                told = {
                    "ce_id": sent.id,
                    "type": sent.type,
                    "content-type": JSON,
                    "traceparent": TRACE,
                    "ce_partitionkey": sent.key,
                }
                named = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
                fifo = {"MessageGroupId": sent.key, "MessageDeduplicationId": sent.id} if self.queue_ends else {}
                await client.send_message(
                    QueueUrl=self.url, MessageBody=sent.body.decode(), MessageAttributes=named, **fifo
                )

    async def go_away(self) -> None:
        self.server.kill()

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.start)
        await self.prepare()

    def relent(self) -> None:
        self.server.check_credentials(False)


class PlainSqsUpstream(SqsUpstream):
    """A standard queue: its order is what the server makes of it."""

    queue_ends = ""


class KafkaUpstream(Upstream):
    """Another cluster, or the broker of the test run in its place, which does not go away for one test."""

    def __init__(self, broker: str) -> None:
        super().__init__()
        self.broker = broker

    def channel(self, is_stranger: bool) -> tuple[Channel, Mapping[str, str]]:
        return Channel("kafka", self.broker, {"topic": self.name}), {}

    async def prepare(self) -> None:
        admin = clients.admin(Settings(broker=self.broker))
        admin.create_topics([NewTopic(self.name, 2, 1)])[self.name].result()

    async def send(self, *messages: Sent) -> None:
        producer = clients.producer(Settings(broker=self.broker))
        for sent in messages:
            told = {"ce_id": sent.id, "ce_type": sent.type, "content-type": JSON, "traceparent": TRACE}
            headers: Any = [(name, value.encode()) for name, value in told.items()]
            producer.produce(self.name, sent.body, sent.key.encode(), headers=headers)
        assert producer.flush(10) == 0

    async def go_away(self) -> None:
        raise NotImplementedError

    async def come_back(self) -> None:
        raise NotImplementedError


class FarKafkaUpstream(KafkaUpstream):
    def __init__(self, server: KafkaWithLogin) -> None:
        super().__init__(server.bootstrap)
        self.server = server

    def channel(self, is_stranger: bool) -> tuple[Channel, Mapping[str, str]]:
        file = self.server.properties("acme", "wrong" if is_stranger else "right")
        return Channel("kafka", self.server.login, {"topic": self.name, "config_env": "SHOP"}), {"SHOP": str(file)}

    async def go_away(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.start)


def line(way_in: Upstream, way_out: Upstream) -> dict[str, Any]:
    """What a context's `transport:` says where its messages come from the one and go to the other."""
    channel, _ = way_in.channel(is_stranger=False)
    target = channel.target.rpartition("/")[0] if channel.kind == "sqs" else channel.target
    places = {"queue", "stream", "topic"}
    options = {key: value for key, value in channel.options.items() if key not in places}
    return {channel.kind: target, "in": way_in.name, "out": way_out.name, **options}
