"""Topics of the cluster as they stand, and the requests that change them."""

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from time import sleep
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from streams.contracts.settings import Settings
from streams.contracts.topics import TopicSpec
from streams.runtime import clients
from streams.runtime.reading import PATIENCE_S, Unavailable
from streams.runtime.strangers import Refusal, unanswered

BETWEEN_LOOKS_S = 0.1


class TopicRefused(Exception):
    """The cluster refused a topic or a setting; the message has its reason."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One topic as the cluster has it; `config` has all its settings, defaults too, or none where nobody asked."""

    partitions: int
    config: Mapping[str, str]


class TopicsAdmin:
    """In the cluster's names. Methods raise Unavailable where no broker answers, TopicRefused where one refuses."""

    def __init__(self, settings: Settings, patience_s: float = PATIENCE_S) -> None:
        quiet = {"log_level": "0"} | dict(settings.kafka_config)
        self._broker, self._patience_s = settings.broker, patience_s
        self._refusal = Refusal()
        self._admin = clients.admin(replace(settings, kafka_config=quiet), error_cb=self._refusal.hear)

    def standing(self, detailed: Collection[str]) -> dict[str, Standing]:
        """Every topic of the cluster; the `detailed` ones with their settings."""
        counts = self._counts()
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in detailed if name in counts]
        answers = self._admin.describe_configs(resources) if resources else {}
        configs = {resource.name: self._answer(resource.name, future) for resource, future in answers.items()}
        settings = {name: {key: entry.value for key, entry in config.items()} for name, config in configs.items()}
        return {name: Standing(count, settings.get(name, {})) for name, count in counts.items()}

    def create(self, specs: Mapping[str, TopicSpec]) -> None:
        """Makes the topics; one that somebody else just made is as good."""
        new = [NewTopic(name, s.partitions, s.replication, config=dict(s.config)) for name, s in specs.items()]
        for name, future in (self._admin.create_topics(new) if new else {}).items():
            self._answer(name, future, forgiven=KafkaError.TOPIC_ALREADY_EXISTS)

    def configure(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Sets the given settings of each topic and leaves its others as they are."""
        resources = [
            ConfigResource(ResourceType.TOPIC, name, incremental_configs=[_set(*each) for each in config.items()])
            for name, config in changes.items()
        ]
        for resource, future in (self._admin.incremental_alter_configs(resources) if resources else {}).items():
            self._answer(resource.name, future)

    def grow(self, counts: Mapping[str, int]) -> None:
        new = [NewPartitions(name, count) for name, count in counts.items()]
        for name, future in (self._admin.create_partitions(new) if new else {}).items():
            self._answer(name, future)

    def await_leaders(self, counts: Mapping[str, int]) -> None:
        """Returns when every partition of these topics takes records, which is a moment after the topics are shown."""
        waited = {(name, number) for name, count in counts.items() for number in range(count)}
        for _ in range(int(6 * PATIENCE_S / BETWEEN_LOOKS_S)):
            shown = self._counts()  # list_offsets for a topic that is not shown would never look for it again
            waited -= self._led({place for place in waited if place[0] in shown})
            if not waited:
                return
            sleep(BETWEEN_LOOKS_S)
        raise Unavailable(f"{self._broker} made {min(waited)[0]} but nobody leads it; is the broker well?")

    def _led(self, places: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(*place): latest for place in places}
        answers = self._admin.list_offsets(asked, request_timeout=PATIENCE_S) if asked else {}
        return {(found.topic, found.partition) for found, future in answers.items() if not future.exception(PATIENCE_S)}

    def _counts(self) -> dict[str, int]:
        try:
            found = self._admin.list_topics(timeout=self._patience_s).topics
        except KafkaException as error:
            raise self._silent(error) from error
        return {name: len(topic.partitions) for name, topic in found.items()}

    def _answer(self, name: str, future: "Future[Any]", forgiven: int | None = None) -> Any:
        try:
            return future.result(timeout=6 * PATIENCE_S)
        except TimeoutError as error:
            raise Unavailable(f"{self._broker} did not answer about {name} in time; is the broker well?") from error
        except KafkaException as error:
            reason = error.args[0]
            if reason.code() == forgiven:
                return None
            if reason.code() in (KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN):
                raise self._silent(error) from error
            raise TopicRefused(f"{name}: {reason.str()}") from error

    def _silent(self, error: KafkaException) -> Unavailable:
        self._admin.poll(0)  # calls what hears of refusals
        return Unavailable(unanswered(self._broker, error.args[0].str(), self._refusal.said))


def _set(key: str, value: str) -> ConfigEntry:
    return ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
