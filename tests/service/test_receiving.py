"""Stage one: messages of a real Redis stream into a Kafka in memory, acknowledged only when they are committed."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from redis.asyncio import Redis as RedisClient

from streams.contracts.arrivals import Arrivals
from streams.contracts.codec import Codec
from streams.contracts.headers import text
from streams.contracts.names import Names
from streams.contracts.registry import InMemory
from streams.contracts.topology import EventSpec
from streams.receivers import Receiver, ReceiverDown
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.receiving import Receiving, Ways
from streams.testing.cluster import Cluster
from streams.testing.process import Killed, Process
from tests import redis_server
from tests.receivers.upstreams import GROUP, RedisUpstream, Sent
from tests.redis_server import RedisServer

TOPIC = "customer.in.received"
ORDERS = [Sent(f"id-{number}", f"key-{number % 7}") for number in range(300)]
PATIENCE_S = 20


@dataclass
class Inlet:
    """Stage one over these two; `calls` counts what its producer was asked for."""

    upstream: RedisUpstream
    cluster: Cluster = field(default_factory=Cluster)
    process: Process = field(default_factory=lambda: Process("worker"))
    calls: "Counter[str]" = field(default_factory=Counter)
    is_ours: bool | None = True

    def __post_init__(self) -> None:
        if TOPIC not in self.cluster.topics.by_name:
            self.cluster.create(TOPIC, 3)
        self.process.fate = lambda call, phase: self.calls.update([f"{phase} {call}"])

    def receiving(self, open: Callable[[], Receiver] | None = None) -> Receiving:
        arrivals = Arrivals(
            [EventSpec("order.placed.v1", "OrderPlaced", "order_id", 3)], Codec(InMemory(), Names(), {})
        )
        ways = Ways(open or self.upstream.open, lambda: self.cluster.producer(self.process, "customer.in-received"))
        return Receiving(TOPIC, ways, arrivals, AppMetrics(GROUP))

    async def run_until(self, done: Callable[[], Any], receiving: Receiving | None = None) -> None:
        """Stage one works until this is so, and ends in good order."""
        self.is_ours = True
        running = asyncio.create_task((receiving or self.receiving()).run(lambda: self.is_ours))
        async with asyncio.timeout(PATIENCE_S):
            while not (running.done() or done()):
                await asyncio.sleep(0.01)
        self.is_ours = None
        await running

    @property
    def ids(self) -> list[str]:
        """Committed, each partition in its order."""
        logs = self.cluster.topics.by_name[TOPIC].logs
        stored = [each for log in logs for each in log.read(log.start, log.stable_end)]
        return [text(each.headers, "ce_id") or "" for each in stored]

    async def unacknowledged(self) -> int:
        async with RedisClient.from_url(self.upstream.server.url, password=redis_server.PASSWORD) as client:
            groups: Any = await client.xinfo_groups(self.upstream.name)
            return int(groups[0]["pending"])


async def test_what_comes_is_committed_in_batches_and_acknowledged(redis: RedisServer) -> None:
    inlet = Inlet(RedisUpstream(redis))
    await inlet.upstream.send(*ORDERS)
    await inlet.run_until(lambda: len(inlet.ids) == len(ORDERS))
    assert sorted(inlet.ids) == sorted(sent.id for sent in ORDERS)
    assert inlet.calls["after producer.commit_transaction"] <= 3
    assert await inlet.unacknowledged() == 0


async def test_an_aborted_transaction_is_done_again_before_anything_is_acknowledged(redis: RedisServer) -> None:
    inlet = Inlet(RedisUpstream(redis))
    await inlet.upstream.send(*ORDERS[:10])
    seen: list[int] = []

    def refuse(call: str, phase: str) -> None:
        if (call, phase) == ("producer.commit_transaction", "before") and len(seen) < 2:
            seen.append(len(inlet.ids))
            raise KafkaException(KafkaError(KafkaError._STATE, "refused", False, False, True))

    inlet.process.fate = refuse
    await inlet.run_until(lambda: len(inlet.ids) == 10)
    assert seen == [0, 0] and sorted(inlet.ids) == sorted(sent.id for sent in ORDERS[:10])
    assert await inlet.unacknowledged() == 0


async def test_killed_between_commit_and_acknowledgement_it_comes_again_under_the_same_id(redis: RedisServer) -> None:
    first = Inlet(RedisUpstream(redis))
    await first.upstream.send(*ORDERS[:10])
    first.process.kill_at("after producer.commit_transaction")
    with pytest.raises(Killed):
        await first.run_until(lambda: False)
    assert await first.unacknowledged() == 10
    second = Inlet(first.upstream, first.cluster)
    await second.run_until(lambda: len(second.ids) == 20)
    assert Counter(second.ids) == Counter({sent.id: 2 for sent in ORDERS[:10]})  # for `dedupe`
    assert await second.unacknowledged() == 0


async def test_killed_before_the_commit_nothing_was_there(redis: RedisServer) -> None:
    first = Inlet(RedisUpstream(redis))
    await first.upstream.send(*ORDERS[:10])
    first.process.kill_at("before producer.commit_transaction")
    with pytest.raises(Killed):
        await first.run_until(lambda: False)
    assert first.ids == []
    second = Inlet(first.upstream, first.cluster)
    await second.run_until(lambda: len(second.ids) == 10)
    assert sorted(second.ids) == sorted(sent.id for sent in ORDERS[:10])


async def test_it_waits_until_its_turn_and_says_what_it_waits_for(redis: RedisServer) -> None:
    inlet = Inlet(RedisUpstream(redis))
    await inlet.upstream.send(*ORDERS[:3])
    receiving = inlet.receiving()
    inlet.is_ours = False
    asked: list[bool | None] = []

    def turn() -> bool | None:
        asked.append(inlet.is_ours)
        return inlet.is_ours

    running = asyncio.create_task(receiving.run(turn))
    while len(asked) < 3:
        await asyncio.sleep(0.01)
    assert inlet.ids == []
    await inlet.upstream.go_away()
    inlet.is_ours = True
    async with asyncio.timeout(PATIENCE_S):
        while not receiving.trouble:
            await asyncio.sleep(0.01)
        assert "Connection" in receiving.trouble
        await inlet.upstream.come_back()
        await inlet.upstream.send(*ORDERS[:3])
        while len(inlet.ids) < 3 or receiving.trouble:
            await asyncio.sleep(0.01)
    inlet.is_ours = None
    await running


async def test_an_acknowledgement_that_fails_is_no_reason_to_commit_again(redis: RedisServer) -> None:
    inlet = Inlet(RedisUpstream(redis))
    await inlet.upstream.send(*ORDERS[:3])
    opened = inlet.upstream.open()
    acknowledge, failures = opened.acknowledge, [1]

    async def fails_once(received: Any) -> None:
        if failures:
            failures.pop()
            raise ReceiverDown("gone for a moment")
        await acknowledge(received)

    opened.acknowledge = fails_once  # type: ignore[method-assign]
    await inlet.run_until(lambda: not failures and len(inlet.ids) == 3, inlet.receiving(lambda: opened))
    assert sorted(inlet.ids) == ["id-0", "id-1", "id-2"]


async def test_who_takes_over_fences_who_was_there(redis: RedisServer) -> None:
    former = Inlet(RedisUpstream(redis))
    await former.upstream.send(*ORDERS[:2])
    receiving = former.receiving()
    await former.run_until(lambda: len(former.ids) == 2, receiving)
    producer = former.cluster.producer(former.process, "customer.in-received")
    producer.init_transactions(1)
    heir = Inlet(former.upstream, former.cluster)
    await heir.upstream.send(*ORDERS[2:4])
    await heir.run_until(lambda: len(heir.ids) == 4)
    producer.begin_transaction()
    with pytest.raises(KafkaException, match="a newer producer"):
        producer.produce(TOPIC, b"late", b"key")
    assert sorted(heir.ids) == ["id-0", "id-1", "id-2", "id-3"]
