"""Topics of the cluster as they stand, and the requests that change them."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from time import sleep
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from streams.contracts.settings import Settings
from streams.contracts.topics import TopicSpec
from streams.runtime import clients
from streams.runtime.reading import PATIENCE_S, Unavailable

BETWEEN_LOOKS_S = 0.05


class TopicRefused(Exception):
    """The cluster refused a topic or a setting; the message has its reason."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One topic as the cluster has it; `config` has all its settings, defaults too, or none where nobody asked."""

    partitions: int
    config: Mapping[str, str]


class TopicsAdmin:
    """In the cluster's names. Methods raise Unavailable where no broker answers, TopicRefused where one refuses."""

    def __init__(self, settings: Settings) -> None:
        self._broker = settings.broker
        self._admin = clients.admin(settings)

    def standing(self, detailed: Collection[str]) -> dict[str, Standing]:
        """Every topic of the cluster; the `detailed` ones with their settings."""
        counts = self._counts()
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in detailed if name in counts]
        answers = self._admin.describe_configs(resources) if resources else {}
        configs = {resource.name: self._answer(resource.name, future) for resource, future in answers.items()}
        settings = {name: {key: entry.value for key, entry in config.items()} for name, config in configs.items()}
        return {name: Standing(count, settings.get(name, {})) for name, count in counts.items()}

    def create(self, specs: Mapping[str, TopicSpec]) -> None:
        """Returns when the cluster shows the new topics; one that somebody else just made is as good."""
        new = [NewTopic(name, s.partitions, s.replication, config=dict(s.config)) for name, s in specs.items()]
        for name, future in (self._admin.create_topics(new) if new else {}).items():
            self._answer(name, future, forgiven=KafkaError.TOPIC_ALREADY_EXISTS)
        self._await(specs.keys())

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

    def _counts(self) -> dict[str, int]:
        try:
            found = self._admin.list_topics(timeout=PATIENCE_S).topics
        except KafkaException as error:
            raise self._silent(error) from error
        return {name: len(topic.partitions) for name, topic in found.items()}

    def _await(self, names: Iterable[str]) -> None:
        for _ in range(int(PATIENCE_S / BETWEEN_LOOKS_S)):
            missing = set(names) - self._counts().keys()
            if not missing:
                return
            sleep(BETWEEN_LOOKS_S)
        raise Unavailable(f"{self._broker} made {min(missing)} but does not show it; is the broker well?")

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
        where = f"no answer from Kafka at {self._broker} ({error.args[0].str()})"
        return Unavailable(f"{where}; `kafka up` starts one, CROSSDOCK_BROKER names another")


def _set(key: str, value: str) -> ConfigEntry:
    return ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
