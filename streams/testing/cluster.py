"""A Kafka in memory: one thread, no wall clock; its clients have the methods of confluent-kafka's."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka.admin import ClusterMetadata, PartitionMetadata, TopicMetadata  # type: ignore[attr-defined]

from streams.testing.admin import Admin
from streams.testing.clock import VirtualClock
from streams.testing.consumer import Consumer
from streams.testing.groups import Groups
from streams.testing.process import Process
from streams.testing.producer import Producer
from streams.testing.topics import Topics
from streams.testing.transactions import Transactions


class Cluster:
    """One broker that is never away; what time does to sessions and transactions happens as `clock` moves."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.topics = Topics()
        self.groups = Groups(self.clock, self.partitions)
        self.transactions = Transactions(self.clock, self.topics, self.groups)

    def create(self, topic: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        self.topics.create(topic, partitions, config)

    def partitions(self) -> dict[str, int]:
        return {name: len(topic.logs) for name, topic in self.topics.by_name.items()}

    def consumer(self, process: Process, group: str, **options: Any) -> Consumer:
        """Of a group; `instance` makes its membership static."""
        return Consumer(self, process, group, **options)

    def reader(self, process: Process, **options: Any) -> Consumer:
        """Outside every group, for `assign`."""
        return Consumer(self, process, "crossdock-reader", **options)

    def producer(self, process: Process, transactional_id: str | None = None, **options: Any) -> Producer:
        return Producer(self, process, transactional_id, **options)

    def admin(self, process: Process) -> Admin:
        return Admin(self, process)

    def metadata(self) -> ClusterMetadata:
        found = ClusterMetadata()
        for name, count in self.partitions().items():
            topic = found.topics[name] = TopicMetadata()
            topic.topic = name
            for number in range(count):
                topic.partitions[number] = PartitionMetadata()
                topic.partitions[number].id = number
        return found
