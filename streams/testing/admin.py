"""The admin client: answers are there at once, in futures as the real one gives them."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import ListOffsetsResultInfo, OffsetSpec  # type: ignore[attr-defined]

from streams.testing.errors import refused
from streams.testing.process import Process, called

if TYPE_CHECKING:
    from streams.testing.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Described:
    """Of `describe_topics` what an engine looks at."""

    name: str
    topic_id: str


class Admin:
    def __init__(self, cluster: "Cluster", process: Process) -> None:
        self.process, self._cluster = process, cluster

    @called("admin.list_topics")
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        return self._cluster.metadata()

    @called("admin.list_offsets")
    def list_offsets(
        self, wanted: dict[TopicPartition, Any], isolation_level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
        request_timeout: float = 60,
    ) -> dict[TopicPartition, "Future[Any]"]:  # fmt: skip
        """Of the specs earliest and latest."""
        is_committed_only = isolation_level is IsolationLevel.READ_COMMITTED

        def offset(part: TopicPartition, spec: Any) -> ListOffsetsResultInfo:
            log = self._cluster.topics.log((part.topic, part.partition))
            if spec._value == OffsetSpec.earliest()._value:  # type: ignore[no-untyped-call]
                return ListOffsetsResultInfo(log.start, -1, 0)
            return ListOffsetsResultInfo(log.stable_end if is_committed_only else log.end, -1, 0)

        return {part: _answer(offset, part, spec) for part, spec in wanted.items()}

    @called("admin.describe_topics")
    def describe_topics(self, topics: TopicCollection) -> dict[str, "Future[Any]"]:
        known = self._cluster.topics.by_name
        return {name: _answer(lambda each: Described(each, known[each].id), name) for name in topics.topic_names}

    @called("admin.delete_records")
    def delete_records(self, offsets: list[TopicPartition]) -> dict[TopicPartition, "Future[Any]"]:
        def delete(part: TopicPartition) -> None:
            log = self._cluster.topics.log((part.topic, part.partition))
            if part.offset > log.end:
                raise refused(KafkaError.OFFSET_OUT_OF_RANGE, f"{part.topic}-{part.partition} ends at {log.end}")
            log.delete_before(part.offset)

        return {part: _answer(delete, part) for part in offsets}


def _answer(ask: Callable[..., Any], *args: Any) -> "Future[Any]":
    answer: Future[Any] = Future()
    try:
        answer.set_result(ask(*args))
    except KafkaException as error:
        answer.set_exception(error)
    return answer
