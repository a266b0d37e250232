"""A contestant of slow I/O: asyncio by hand, order by key, offsets committed by time: a crash loses what was in flight.

`python -m tests.bench.peers.slow_asyncio CARD`
"""

import asyncio
import sys
from collections import defaultdict
from typing import Any

from confluent_kafka import Consumer

from tests.bench import card as cards
from tests.bench.bare_codec import Avro
from tests.bench.card import Card
from tests.bench.slow_rule import Slow


class Loop:
    """A lock a key, and so many deliveries at once."""

    def __init__(self, card: Card) -> None:
        self._slow, self._avro = Slow(card), Avro(card)
        self._free = asyncio.Semaphore(card.extra["at_once"])
        self._locks: dict[bytes, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._consumer = Consumer(
            {"bootstrap.servers": card.broker, "group.id": card.group, "auto.offset.reset": "earliest"}
        )
        self._consumer.subscribe(card.inputs)

    async def run(self) -> None:
        while True:
            for message in self._consumer.consume(500, 0):
                await self._free.acquire()
                task = asyncio.create_task(self._one(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0.001)

    async def _one(self, message: Any) -> None:
        async with self._locks[message.key()]:
            event = self._avro.decoded(message.topic(), message.value())
            await self._slow.one(message.key().decode(), int(event["reason"]))
        self._free.release()


async def main(card: Card) -> None:
    await Loop(card).run()


if __name__ == "__main__":
    asyncio.run(main(cards.read(sys.argv[1])))
