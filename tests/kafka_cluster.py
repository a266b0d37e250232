"""Three real brokers that replicate everything: any one may be killed, frozen or lose its disk, and all goes on."""

import random
import shutil
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.ops.kafka.jars import ensure_jars
from streams.ops.kafka.place import Place
from streams.ops.kafka.probe import HOST
from streams.ops.kafka.properties import as_java, server_properties
from streams.ops.kafka.storage import IDENTITY, format_once, new_id, write_identity
from tests.kafka_server import KafkaServer
from tests.worker import until

SIZE = 3
_PORTS = range(20_000, 32_000)  # below those from which connections go out: a broker must find its own free again
_CHECKPOINT = "bootstrap.checkpoint"
_QUORUM = "quorum"  # a broker's process begins where its files are
_WHOLE_S = 90.0
_REPLICATED = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "transaction.state.log.replication.factor": "3",
}


class KafkaCluster:
    """Brokers 0, 1 and 2, each also a voter of the metadata quorum; `bootstrap` stays through restarts.

    Each broker has `doors`: listeners whose advertised ports are where somebody stands between it and a client.
    The quorum's log has a directory of its own, which is never lost: a voter that forgets its vote breaks the quorum's
    promises (KIP-853 replaces such a voter by a new one). What is lost with a disk is all that topics hold.
    """

    def __init__(self, doors: int = 0) -> None:
        self.doors = doors
        self._ports = free_ports(SIZE * (2 + 2 * doors))
        self._cluster = new_id()
        self.brokers = [KafkaServer(self._properties(number), self.port(number)) for number in range(SIZE)]
        self._stack = ExitStack()
        self._admin: Any = None

    @property
    def bootstrap(self) -> str:
        return addresses(self.port(number) for number in range(SIZE))

    def port(self, broker: int) -> int:
        return self._ports[broker]

    def door(self, broker: int, number: int) -> tuple[int, int]:
        """Where clients look for this broker, and where it listens."""
        at = SIZE * (2 + 2 * number) + broker
        return self._ports[at], self._ports[at + SIZE]

    def wipe(self, broker: int) -> None:
        """Everything that topics hold on a killed broker; its disk is as a new one."""
        place = Place.under(self.brokers[broker].home)
        shutil.rmtree(place.data)
        place.data.mkdir()
        write_identity(place.data / IDENTITY, self._cluster, broker + 1)

    def is_whole(self) -> bool:
        """Every replica of every partition is in sync."""
        try:
            found = self._admin.list_topics(timeout=2)
        except KafkaException:
            return False
        parts = [part for topic in found.topics.values() for part in topic.partitions.values()]
        return len(found.brokers) == SIZE and all(len(part.isrs) == SIZE for part in parts)

    def await_whole(self, patience_s: float = _WHOLE_S) -> None:
        until(self.is_whole, "every replica in sync", patience_s)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for number, broker in enumerate(self.brokers):
                stack.callback(shutil.rmtree, broker.home, ignore_errors=True)
                self._format(number)
            with ThreadPoolExecutor(SIZE) as pool:  # none of them is ready before there is a quorum
                list(pool.map(stack.enter_context, self.brokers))
            for broker in self.brokers:
                stack.callback(broker.kill)  # before it is asked to end, which it would not do without a quorum
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
            self.await_whole()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _format(self, number: int) -> None:
        """The quorum's log and the disk for topics; Kafka's own tool says once per user what a log begins with."""
        place = Place.under(self.brokers[number].home)
        quorum = place.root / _QUORUM
        quorum.mkdir(parents=True)
        place.properties.write_text(as_java(server_properties(place.data, 0, 0, {})))
        format_once(place, ensure_jars(lambda *_: None))
        (place.data / _CHECKPOINT).replace(quorum / _CHECKPOINT)
        for directory in (quorum, place.data):
            write_identity(directory / IDENTITY, self._cluster, number + 1)

    def _properties(self, number: int) -> dict[str, str]:
        """What makes one broker of many out of the embedded one."""
        voters = [(node, self._ports[SIZE + node]) for node in range(SIZE)]
        listeners = {"PLAINTEXT": self.port(number), "CONTROLLER": voters[number][1]}
        advertised = {"PLAINTEXT": self.port(number)}
        for door in range(self.doors):
            advertised[f"DOOR{door}"], listeners[f"DOOR{door}"] = self.door(number, door)
        return {
            "node.id": str(number + 1),
            "controller.quorum.voters": ",".join(f"{node + 1}@{HOST}:{port}" for node, port in voters),
            "listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in listeners.items()),
            "advertised.listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in advertised.items()),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listeners),
            "inter.broker.listener.name": "PLAINTEXT",
            "metadata.log.dir": _QUORUM,
            **_REPLICATED,
        }


def addresses(ports: Iterable[int]) -> str:
    return ",".join(f"{HOST}:{port}" for port in ports)


def free_ports(count: int) -> list[int]:
    """Different ones that nobody listens on."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(_PORTS, len(_PORTS)):
            try:
                held.enter_context(socket.socket()).bind((HOST, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                break
    return found
