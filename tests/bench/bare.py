"""A contestant: a bare confluent-kafka loop, exactly once, fastavro and dicts. `python -m tests.bench.bare ROW RUN`"""

import sys
import time
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from streams.contracts import names as derived
from streams.contracts.names import Names
from streams.runtime.registry import registry
from tests.bench import ground
from tests.bench.bare_rules import RULES
from tests.bench.rows import ROWS

COMMIT_S = 0.1


class Loop:
    """One transaction per 100 ms; the state is a dict of bytes, and every change of it a changelog record."""

    def __init__(self, row: str, run: str) -> None:
        settings, app = ground.settings(), ground.spec(ROWS[row], run)
        self._rule, self._names = RULES[row], Names(settings.prefix)
        self._inputs = [self._names.topic(source.topic) for source in app.stanza.sources]
        self._out, self._log = self._names.topic(f"{run}.out"), self._names.topic(derived.changelog(run))
        found = ground.schemas(settings, app)
        self._schemas = {self._names.topic(topic): parse_schema(schema) for topic, schema in found.items()}
        known, subjects = registry(settings), {topic: self._names.subject(topic) for topic in found}
        self._heads = {
            self._names.topic(topic): b"\0" + known.latest(subject)[0].to_bytes(4, "big")
            for topic, subject in subjects.items()
        }
        self._state: dict[bytes, bytes] = {}
        shared = {"bootstrap.servers": settings.broker}
        self._consumer = Consumer(
            {**shared, "group.id": self._names.group(run), "auto.offset.reset": "earliest",
             "enable.auto.commit": False, "isolation.level": "read_committed",
             "partition.assignment.strategy": "range"}
        )  # fmt: skip
        self._producer = Producer(
            {**shared, "transactional.id": self._names.group(run), "transaction.timeout.ms": 10_000,
             "partitioner": "murmur2_random", "queue.buffering.max.messages": 1_000_000}
        )  # fmt: skip

    def run(self) -> None:
        self._consumer.subscribe(self._inputs)
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
        key, at = message.key(), datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
        old = self._state.get(key)
        event = self._decoded(message.topic(), message.value())
        output, state = self._rule(event, None if old is None else self._decoded(self._log, old), at)
        if output is not None:
            self._producer.produce(self._out, self._encoded(self._out, output), output["lead_id"].encode())
        if state is not None:
            self._state[key] = new = self._encoded(self._log, state)
            self._producer.produce(self._log, new, key, message.partition())

    def _decoded(self, topic: str, value: bytes) -> dict[str, Any]:
        body = BytesIO(value)
        body.seek(5)
        return schemaless_reader(body, self._schemas[topic], None)  # type: ignore[return-value]

    def _encoded(self, topic: str, fields: dict[str, Any]) -> bytes:
        body = BytesIO()
        body.write(self._heads[topic])
        schemaless_writer(body, self._schemas[topic], fields)
        return body.getvalue()


if __name__ == "__main__":
    Loop(*sys.argv[1:]).run()
