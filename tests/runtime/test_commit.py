"""What a transaction must hold so that nobody else begins too early, on a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.names import Names
from streams.runtime import clients
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.codecs import codec_of
from streams.runtime.commit import Committer
from streams.runtime.parts import Clock, Parts
from streams.runtime.spec import AppSpec
from streams.runtime.tables import TIMER, States, Tables
from streams.runtime.task import Role, Stream, Task
from streams.runtime.transaction import Batch
from streams.subscribers.analytics import FunnelCount, count
from streams.testing.store import MemoryStore
from tests.flow import Flow, small

GROUP = "analytics"


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    with Flow(broker, tmp_path_factory.mktemp("commit"), small()) as flow:
        yield flow


@pytest.fixture
def spec(flow: Flow) -> AppSpec:
    return AppSpec(flow.topology, flow.topology.stanzas[GROUP], decide=count, state=FunnelCount)


@pytest.fixture
def parts(flow: Flow, spec: AppSpec, tmp_path: Path) -> Iterator[Parts]:
    names = Names(flow.settings.prefix)
    member = clients.Member(names.group(GROUP), "slot")
    consumer = clients.group_consumer(flow.settings, member, 0.2)
    yield Parts(
        consumer=consumer,
        producer=clients.transactional_producer(flow.settings, member, 1 << 20),
        admin=clients.admin(flow.settings),
        reader=lambda: clients.reader(flow.settings),
        store=MemoryStore(),
        clock=Clock(),
        codec=codec_of(flow.settings, flow.topology),
        names=names,
        metrics=AppMetrics.of(spec.stanza, flow.settings.prefix),
        directory=tmp_path,
    )
    consumer.close()


def task_of(spec: AppSpec, parts: Parts, partition: int) -> Task:
    streams = [Stream(source.topic, partition, Role.SOURCE) for source in spec.stanza.sources]
    task = Task(partition, streams, Tables(parts.store, partition, States(str.encode, bytes.decode)))
    task.load()
    return task


def test_every_task_that_a_turn_changes_has_an_offset_in_the_transaction(
    flow: Flow, spec: AppSpec, parts: Parts
) -> None:
    """A task's next owner waits for undecided offsets of its partitions: without one it would not wait for us."""
    reads, fires = (task_of(spec, parts, partition) for partition in range(2))
    reads.sources[-1].polled = 1
    for task in (reads, fires):
        task.tables.put(TIMER + b"key\0name", None)
    committer = Committer(spec, parts)
    committer.start()
    committer.commit(Batch(parts.clock.now(), parts.consumer.consumer_group_metadata()), [reads, fires])
    assert {partition for _, partition in flow.cluster.committed([GROUP])[GROUP]} == {0, 1}
