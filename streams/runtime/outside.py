"""Kafka seen from outside every group: what topics hold and where groups stand, up to the end they have when asked."""

import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.runtime import clients, ends
from streams.runtime.reading import PATIENCE_S, Place, Stored, Unavailable, read
from streams.runtime.strangers import Refusal, unanswered

__all__ = ["Cluster", "KafkaException", "Place", "Stored", "Unavailable", "quiet", "reach"]

BETWEEN_TRIES_S = 0.1


class Cluster:
    """One cluster in logical names. Every method raises Unavailable where Kafka does not answer in time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = quiet(settings)
        self.names = Names(settings.prefix)
        self._refusal = Refusal()

    @cached_property
    def admin(self) -> AdminClient:
        reach(self.settings)
        return clients.admin(self.settings, error_cb=self._refusal.hear)

    @cached_property
    def topics(self) -> Mapping[str, int]:
        """The partition count of every topic under our prefix."""
        try:
            found: Iterable[Any] = self.admin.list_topics(timeout=PATIENCE_S).topics.values()
        except KafkaException as error:
            raise self._silent(error.args[0]) from error
        ours = (topic for topic in found if topic.topic.startswith(self.names.prefix))
        return {self.names.logical(topic.topic): len(topic.partitions) for topic in ours}

    def places(self, topic: str) -> list[Place]:
        """Every partition of a topic; raises Unavailable where the topic does not exist."""
        if topic not in self.topics:
            missing = self.names.topic(topic)
            raise Unavailable(f"topic {missing} does not exist on {self.settings.broker}; `topics apply` makes it")
        return [(topic, number) for number in range(self.topics[topic])]

    def starts(self, places: Iterable[Place]) -> dict[Place, int]:
        """The offset of the first record that is still kept."""
        return self._offsets(places, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED)  # type: ignore[no-untyped-call]

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The offset behind the last record that is decided."""
        return self._offsets(places, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)  # type: ignore[no-untyped-call]

    def since(self, places: Iterable[Place], time_ms: int) -> dict[Place, int]:
        """The offset of the first record appended at `time_ms` or later; the end where there is none."""
        wanted = list(places)
        spec = OffsetSpec.for_timestamp(time_ms)
        found, ends = self._offsets(wanted, spec, IsolationLevel.READ_COMMITTED), self.ends(wanted)
        return {place: ends[place] if offset < 0 else offset for place, offset in found.items()}

    def committed(self, groups: Collection[str]) -> dict[str, dict[Place, int]]:
        """What each group has committed; nothing for a partition that it never committed."""
        admin, names = self.admin, self.names
        asked = {g: admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(names.group(g))]) for g in groups}
        answers = {group: self._answer(*futures.values()).topic_partitions for group, futures in asked.items()}
        return {g: {self._place(p): p.offset for p in found or () if p.offset >= 0} for g, found in answers.items()}

    def members(self, groups: Collection[str]) -> dict[str, int]:
        """How many workers each group has at the moment."""
        asked = self.admin.describe_consumer_groups([self.names.group(group) for group in groups])
        return {self.names.logical(name): len(self._answer(future).members) for name, future in asked.items()}

    def read(
        self, places: Iterable[Place], since: Mapping[Place, int] | None = None, limit: int = 0
    ) -> Iterator[Stored]:
        """Every committed record of these partitions up to their present end, each partition in its order.

        `since` is the offset to begin at instead of the first one kept, `limit` the most records of one partition.
        """
        wanted = list(places)
        ends = self.ends(wanted)
        begins = {place: max(first, (since or {}).get(place, 0)) for place, first in self.starts(wanted).items()}
        return read(self.settings, begins, ends, limit)

    def latest(self, places: Iterable[Place]) -> list[Stored]:
        """A compacted view: the last record of every key in its partition, without those that are deleted."""
        view: dict[tuple[Place, bytes | None], Stored] = {}
        for record in self.read(places):
            view[(record.topic, record.partition), record.key] = record
        return [record for record in view.values() if record.value is not None]

    def _offsets(self, places: Iterable[Place], spec: OffsetSpec, level: IsolationLevel) -> dict[Place, int]:
        asked = {TopicPartition(self.names.topic(topic), number): spec for topic, number in places}
        if not asked:
            return {}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            futures = self.admin.list_offsets(asked, isolation_level=level, request_timeout=PATIENCE_S)
            try:
                return {self._place(p): self._answer(future, told=ends.told) for p, future in futures.items()}
            except Unavailable as error:
                if not ends.is_moving(error.__cause__) or time.monotonic() > deadline:
                    raise
            time.sleep(BETWEEN_TRIES_S)

    def _place(self, partition: TopicPartition) -> Place:
        return self.names.logical(partition.topic), partition.partition

    def _answer(self, future: "Future[Any]", *, told: Callable[["Future[Any]", float], Any] = Future.result) -> Any:
        try:
            return told(future, PATIENCE_S + 1)
        except TimeoutError as error:
            raise self._silent(KafkaError(KafkaError._TIMED_OUT)) from error
        except KafkaException as error:
            raise self._silent(error.args[0]) from error

    def _silent(self, error: KafkaError) -> Unavailable:
        self.admin.poll(0)  # calls what hears of refusals
        self._refusal.hear(error)
        return Unavailable(unanswered(self.settings.broker, error.str(), self._refusal.said))


def quiet(settings: Settings) -> Settings:
    """The same system for somebody who is told of errors by exceptions only."""
    return replace(settings, kafka_config={"log_level": "0"} | dict(settings.kafka_config))


def reach(settings: Settings) -> None:
    """Raises Unavailable at once where no broker listens; librdkafka would go on trying."""
    addresses = settings.broker.split(",")
    reasons = [reason for address in addresses if (reason := _unreachable(address.strip()))]
    if len(reasons) == len(addresses):
        raise Unavailable(unanswered(settings.broker, reasons[0]))


def _unreachable(address: str) -> str | None:
    """Why no connection to host:port can be made; None where it can."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return f"{address!r} is not host:port"
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE_S).close()
    except (OSError, OverflowError, ValueError) as error:  # of a name that cannot be one: UnicodeError
        return str(getattr(error, "strerror", None) or error)
    return None
