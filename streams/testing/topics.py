"""The topics of the cluster in memory: their partitions, settings and ids."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, KafkaError

from streams.testing.errors import refused
from streams.testing.log import Log

Place = tuple[str, int]


@dataclass(slots=True)
class Topic:
    name: str
    id: str
    config: Mapping[str, str]
    logs: list[Log] = field(default_factory=list)

    @property
    def max_bytes(self) -> int:
        return int(self.config.get("max.message.bytes", 1_048_588))

    @property
    def timestamp_type(self) -> int:
        is_append = self.config.get("message.timestamp.type") == "LogAppendTime"
        return TIMESTAMP_LOG_APPEND_TIME if is_append else TIMESTAMP_CREATE_TIME


class Topics:
    """By the cluster's names; a topic made anew has another id."""

    def __init__(self) -> None:
        self.by_name: dict[str, Topic] = {}
        self._made = 0

    def create(self, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        self._made += 1
        logs = [Log() for _ in range(partitions)]
        self.by_name[name] = Topic(name, f"topic-{self._made}", dict(config or {}), logs)

    def log(self, place: Place) -> Log:
        """Raises KafkaException where there is no such partition."""
        topic, partition = place
        if topic not in self.by_name:
            raise refused(KafkaError.UNKNOWN_TOPIC_OR_PART, f"there is no topic {topic}")
        logs = self.by_name[topic].logs
        if not 0 <= partition < len(logs):
            raise refused(KafkaError._UNKNOWN_PARTITION, f"{topic} has no partition {partition}")
        return logs[partition]

    def compact(self) -> None:
        """What the log cleaner would do to compacted topics in time."""
        for topic in self.by_name.values():
            if "compact" in topic.config.get("cleanup.policy", ""):
                for log in topic.logs:
                    log.compact()

    def places(self, topic: str) -> Iterator[Place]:
        return ((topic, partition) for partition in range(len(self.by_name[topic].logs)))
