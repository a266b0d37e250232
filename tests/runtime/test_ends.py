"""The ends of partitions while the broker that should tell them is silent, gone, and back again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from streams.contracts.topology import Stanza
from streams.runtime import clients
from streams.runtime.barrier import Barrier
from streams.runtime.parts import Clock
from streams.runtime.positions import Positions
from streams.runtime.tables import States, Tables
from streams.runtime.task import Role, Stream, Task
from streams.runtime.timers import Timer
from streams.testing.store import MemoryStore
from tests.flow import Flow, placed, small
from tests.kafka_server import KafkaServer
from tests.worker import until

TOPIC, DUE_MS = "order.placed.v1", 1_000


@pytest.fixture
def kafka() -> Iterator[KafkaServer]:
    with KafkaServer() as kafka:
        yield kafka


@pytest.fixture
def flow(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    with Flow(kafka.bootstrap, tmp_path_factory.mktemp("ends"), small(partitions=1)) as flow:
        yield flow


@pytest.fixture
def stanza(flow: Flow) -> Stanza:
    return flow.topology.stanzas["notifications"]


def task_with_a_timer() -> Task:
    """It has read nothing yet, and a timer of it is due."""
    task = Task(0, [Stream(TOPIC, 0, Role.SOURCE)], Tables(MemoryStore(), 0, States(str.encode, bytes.decode)))
    task.load()
    task.timers.set(Timer(DUE_MS, b"key", "window"))
    return task


def looked(barrier: Barrier, task: Task) -> Barrier:
    barrier.look([task], DUE_MS)
    return barrier


def test_no_timer_fires_while_nobody_tells_how_far_its_inputs_go(
    kafka: KafkaServer, flow: Flow, stanza: Stanza
) -> None:
    flow.send(*placed("1"))
    admin, task = clients.admin(flow.settings), task_with_a_timer()
    barrier = Barrier(admin, flow.cluster.names, timedelta(0))
    place = flow.cluster.names.topic(TOPIC), 0
    assert Positions(None, admin, flow.cluster.names, stanza, Clock()).ends([place]) == {place: 1}

    kafka.freeze()
    barrier.look([task], DUE_MS)
    kafka.kill()
    until(lambda: looked(barrier, task).is_waiting is False, "the end of the request")
    assert barrier.may_fire_until_ms(task) is None

    kafka.start()
    task.sources[0].polled = 1
    until(lambda: looked(barrier, task).may_fire_until_ms(task), "the broker that is back tells", 20)
