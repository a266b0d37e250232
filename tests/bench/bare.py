"""A contestant: a bare confluent-kafka loop, exactly once, fastavro and dicts. `python -m tests.bench.bare CARD`"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from streams.contracts import envelope
from tests.bench import card as cards
from tests.bench.bare_codec import Avro
from tests.bench.bare_rules import RULES, id_of
from tests.bench.card import Card

COMMIT_S = 0.1
Headers = Any  # what confluent-kafka takes
Head = Callable[[Any, datetime, str], Headers]


class Loop:
    """One transaction per 100 ms; the state is a dict of bytes, and every change of it a changelog record."""

    def __init__(self, card: Card) -> None:
        self._card, self._rule, self._avro = card, RULES[card.row], Avro(card)
        self._head = self._traced if card.guarantee == "headers" else None
        self._state: dict[bytes, bytes] = {}
        shared = {"bootstrap.servers": card.broker}
        self._consumer = Consumer(
            {**shared, "group.id": card.group, "auto.offset.reset": "earliest",
             "enable.auto.commit": False, "isolation.level": "read_committed",
             "partition.assignment.strategy": "range"}
        )  # fmt: skip
        self._producer = Producer(
            {**shared, "transactional.id": card.group, "transaction.timeout.ms": 10_000,
             "partitioner": "murmur2_random", "queue.buffering.max.messages": 1_000_000}
        )  # fmt: skip

    def run(self) -> None:
        self._consumer.subscribe(self._card.inputs)
        self._producer.init_transactions(30)
        while True:
            self._transaction()

    def _transaction(self) -> None:
        offsets: dict[tuple[str, int], int] = {}
        over_at = time.monotonic() + COMMIT_S
        self._producer.begin_transaction()
        while time.monotonic() < over_at:
            for message in self._consumer.consume(500, 0.02):
                self._one(message)
                offsets[message.topic(), message.partition()] = message.offset() + 1  # type: ignore[index,operator]
            self._producer.poll(0)
        places = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        if places:
            self._producer.send_offsets_to_transaction(places, self._consumer.consumer_group_metadata(), 30)
        self._producer.commit_transaction(30)

    def _one(self, message: Any) -> None:
        if message.error() is not None:
            raise RuntimeError(message.error())
        key, at, log = message.key(), datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC), self._card.changelog
        old = self._state.get(key)
        event = self._avro.decoded(message.topic(), message.value())
        output, state = self._rule(event, None if old is None else self._avro.decoded(log, old), at)
        if output is not None:
            self._publish(message, at, output)
        if state is not None:
            self._state[key] = new = self._avro.encoded(log, state)
            self._producer.produce(log, new, key, message.partition())

    def _publish(self, message: Any, at: datetime, output: dict[str, Any]) -> None:
        value, key = self._avro.encoded(self._card.out, output), id_of(output).encode()
        if self._head is None:
            self._producer.produce(self._card.out, value, key)
        else:
            self._producer.produce(self._card.out, value, key, headers=self._head(message, at, self._card.out))

    def _traced(self, message: Any, at: datetime, topic: str) -> Headers:
        """The nine headers that ours writes, made by the same functions."""
        place = message.topic(), message.partition(), message.offset()
        return envelope.outgoing(envelope.cause_of(message.headers(), *place, at), self._card.group, 0, topic)


if __name__ == "__main__":
    Loop(cards.read(sys.argv[1])).run()
