"""What cannot be read on yet is waited for, and at rest: an undecided transaction, a queue that is full."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.contracts.partitioner import partition_of
from streams.domain.commands import WidenLead
from streams.domain.events import LeadAccepted, LeadOffered
from streams.runtime import clients
from tests.flow import Flow, placed, under_orders
from tests.stories.market import APPS, accepts, await_said, leads_of, leads_only, offered, said, toy_shops
from tests.worker import Worker, until

ACCEPTED, ORDERS = "provider.accepted.v1", "order.placed.v1"
WINDOW = timedelta(seconds=2)
AT_REST = 0.25  # of a core, for six apps


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    wanted = leads_only("2s", "60s", (5, "city"), (2, "state"))
    wanted["contexts"]["provider"]["subscribers"]["matching"]["max_waiting"] = "1KiB"
    modules = under_orders("matching", "translate", "streams/subscribers/matching.py")
    with Flow(broker, tmp_path_factory.mktemp("undecided"), wanted, modules) as flow:
        flow.send(*toy_shops("campinas", "SP", 5), *toy_shops("santos", "SP", 2))
        yield flow


@pytest.fixture(scope="module")
def worker(flow: Flow) -> Worker:
    worker = flow.run(*APPS)
    worker.wait_ready()
    return worker


@contextmanager
def undecided_acceptance(flow: Flow, lead: str) -> Iterator[Producer]:
    """It is in the log, and nobody knows yet whether it counts; the caller commits or aborts."""
    producer = clients.producer(flow.settings, transactional_id=f"somebody-{lead}", transaction_timeout_ms=20_000)
    producer.init_transactions(30)
    producer.begin_transaction()
    value = flow.encode(ACCEPTED, accepts(lead, "campinas-0"))
    where = partition_of(lead.encode(), 2)
    producer.produce(flow.cluster.names.topic(ACCEPTED), value, lead.encode(), where)
    assert producer.flush(10) == 0
    yield producer


def share_of_a_core(worker: Worker, seconds: float = 2.0) -> float:
    """What the process uses of one."""
    before, began = cpu_seconds(worker), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(worker) - before) / (time.monotonic() - began)


def cpu_seconds(worker: Worker) -> float:
    fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("decision", ["committed", "aborted"])
def test_a_timer_waits_until_an_acceptance_in_time_is_decided(flow: Flow, worker: Worker, decision: str) -> None:
    (lead,) = leads_of(decision)
    flow.send(*placed(decision))
    offered(flow, lead)
    end = said(flow, LeadOffered, lead)[0].time + WINDOW
    with undecided_acceptance(flow, lead) as producer:
        assert datetime.now(UTC) < end, "the test itself was too slow"
        time.sleep((end - datetime.now(UTC)).total_seconds() + 1.0)
        assert share_of_a_core(worker) < AT_REST
        assert said(flow, WidenLead, lead) == []
        if decision == "committed":
            producer.commit_transaction(30)
            await_said(flow, LeadAccepted, lead)
            assert said(flow, WidenLead, lead) == []
        else:
            producer.abort_transaction(30)
            await_said(flow, WidenLead, lead)


def test_a_task_whose_queue_is_full_reads_nothing_more_and_rests(flow: Flow, worker: Worker) -> None:
    flow.tell({"app": "matching", "key": "parked", "do": "raise"})
    flow.send(*placed(*["parked"] * 20))
    (letter,) = until(lambda: flow.letters("matching"), "a parked order")
    behind = next(
        f"behind-{n}" for n in range(99) if partition_of(f"behind-{n}".encode(), 2) == letter.stored.partition
    )
    until(lambda: worker.metric("crossdock_waiting_bytes", 'app="matching"') > 1024, "a full queue")
    flow.send(*placed(behind))
    assert share_of_a_core(worker) < AT_REST
    assert flow.calls("matching", behind) == []
    flow.tell()
    assert flow.cli("dead", "replay", letter.id).returncode == 0
    await_said(flow, LeadOffered, *leads_of("parked", behind))
    assert len([call for call in flow.calls("matching", "parked")]) == 20 + 3
