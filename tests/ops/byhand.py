"""What workers leave in Kafka, written by hand: so that reading it back is tested without a worker."""

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from click.testing import CliRunner, Result
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition

from cli import cli
from streams.contracts import current, names
from streams.contracts.envelope import Facts, dead_letter
from streams.contracts.names import Names
from streams.contracts.partitioner import partition_of
from streams.contracts.settings import from_env
from streams.contracts.topology_file import load
from streams.ops import topics
from streams.runtime import clients
from streams.runtime.outside import Cluster, Stored, quiet

MAP = """
events:
  order.placed.v1:      {record: OrderPlaced, key: order_id, partitions: 2, retention: 7d}
  order.cancelled.v1:   {record: OrderCancelled, key: order_id, partitions: 2, retention: 7d}
  provider.accepted.v1: {record: ProviderAcceptedLead, key: lead_id, partitions: 2, retention: 7d}
  provider.declined.v1: {record: ProviderDeclinedLead, key: lead_id, partitions: 2, retention: 7d}
  lead.accepted.v1:     {record: LeadAccepted, key: lead_id, partitions: 2, retention: 7d}
retries:
  quick:   {delays: [1s, 5s], then: park}
  patient: {delays: [5s], then: bury}
defaults: {retry: patient}
contexts:
  customer:
    publishes: [order.placed.v1, order.cancelled.v1]
  provider:
    publishes: [provider.accepted.v1, provider.declined.v1, lead.accepted.v1]
    subscribers:
      matching: {"on": [order.placed.v1, order.cancelled.v1], sends: [lead.start, lead.cancel], retry: quick}
    slips:
      lead.start: [lead.match, lead.notify_candidates, lead.await_acceptance]
      lead.widen: [lead.match, lead.notify_candidates, lead.await_acceptance]
    sagas:
      leads:
        "on": [lead.await_acceptance, lead.cancel, provider.accepted.v1, provider.declined.v1]
        sends: [lead.widen]
        window: 15m
        max_age: 2h
        keep: 30d
        waves: [{size: 5, reach: city}, {size: 10, reach: state}]
partners:
  partner_x:
    "on": [lead.accepted.v1]
    channel: {webhook: "http://127.0.0.1:8099/leads", secret_env: PARTNER_X_SECRET, allow_private: true}
  partner_y:
    "on": [lead.accepted.v1]
    channel: {kafka: same, topic: partner-y.incoming.leads}
    retry: quick
"""


class World:
    """One environment (prefix) with its topics; writes as workers would, and runs the command line on it."""

    def __init__(self, broker: str, prefix: str, home: Path) -> None:
        self.env = {
            "CROSSDOCK_BROKER": broker,
            "CROSSDOCK_PREFIX": prefix,
            "CROSSDOCK_HOME": str(home),
            "CROSSDOCK_TOPOLOGY": str(home / "topology.yaml"),
        }
        self.settings = quiet(from_env(self.env))
        self.topology = load(self.settings.topology)
        self.names = Names(prefix)
        self.cluster = Cluster(self.settings)
        self._producer = clients.producer(self.settings)

    def __enter__(self) -> Self:
        topics.apply(self.settings, self.topology, lambda step, done, total: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer.flush(10)

    def run(self, *args: str) -> Result:
        """The command line in this environment."""
        current.topology.cache_clear()
        return CliRunner().invoke(cli, args, env=self.env)

    def json(self, *args: str) -> Any:
        result = self.run(*args, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def write(self, topic: str, key: bytes | None, value: bytes | None = b"{}", **more: Any) -> Stored:
        """One record, on its key's partition unless `partition` says otherwise."""
        where: list[Any] = []
        count = self.cluster.topics[topic]
        partition = more.pop("partition", partition_of(key or b"", count))
        self._producer.produce(
            self.names.topic(topic),
            value,
            key,
            partition,
            on_delivery=lambda error, message: where.append(message),
            **more,
        )
        assert self._producer.flush(10) == 0
        assert where[0].error() is None, where[0].error()
        return Stored(topic, partition, where[0].offset(), where[0].timestamp()[1], key, value, more.get("headers", []))

    def note(self, group: str, table: str, key: bytes, value: bytes | Mapping[str, Any] | None, partition: int) -> None:
        """An entry of a group's changelog; None deletes it."""
        text = json.dumps(value).encode() if isinstance(value, Mapping) else value
        self.write(names.changelog(group), table.encode() + b"\0" + key, text, partition=partition)

    def commit(self, group: str, topic: str, partition: int, offset: int) -> None:
        position = TopicPartition(self.names.topic(topic), partition, offset)
        asked = ConsumerGroupTopicPartitions(self.names.group(group), [position])
        for future in self.cluster.admin.alter_consumer_group_offsets([asked]).values():
            future.result(10)

    def bury(self, group: str, source: Stored, *, attempts: int = 3, parked: bool = False, **facts: Any) -> str:
        """A dead letter of this source record, open in the group's table; returns its id."""
        now_ms = int(time.time() * 1000)
        told: dict[str, Any] = {
            "stage": "handle", "group": group, "attempts": attempts, "first_failed_at_ms": now_ms,
            "last_failed_at_ms": now_ms, "error_type": "ValueError", "error_message": "boom", "stack": "Traceback",
            "fingerprint": "f00d",
        } | facts  # fmt: skip
        at: dict[str, Any] = {"topic": source.topic, "partition": source.partition, "offset": source.offset}
        headers = dead_letter(source.headers, Facts(timestamp_ms=source.time_ms, **at, **told))
        self.write(names.dead(group), source.key, source.value, partition=source.partition, headers=headers)
        key = b64encode(source.key or b"").decode() if parked else None
        entry = {"attempts": attempts, "key": key, "parked": parked}
        self.note(group, "open", source.id.encode(), entry, source.partition)
        return source.id

    def commands(self, group: str) -> list[Stored]:
        return list(self.cluster.read(self.cluster.places(names.control(group))))

    def joined(self, group: str, topic: str) -> Consumer:
        """A worker of the group that owns the topic's partitions; the caller closes it."""
        consumer = clients.reader(self.settings, group_id=self.names.group(group), auto_offset_reset="earliest")
        consumer.subscribe([self.names.topic(topic)])
        while not consumer.assignment():
            consumer.poll(0.1)
        return consumer
