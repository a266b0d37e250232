"""Check 3: a subscriber is added while orders flow; it gets what it asked for, and nobody else notices."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from itertools import count

import pytest
import yaml

from streams.runtime.outside import Stored
from tests.flow import ROOT, Flow, placed, small, under_orders
from tests.worker import Worker, until

EXAMPLE = ROOT / "docs/examples/fraud"
RETAINED = [f"retained-{number}" for number in range(50)]
GROUPS = ("notifications", "analytics", "fraud", "late")


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    module = under_orders("notifications", "request_receipt", "streams/subscribers/notifications.py")
    with Flow(broker, tmp_path_factory.mktemp("added"), small(), module) as flow:
        flow.send(*placed(*RETAINED))
        yield flow


@pytest.fixture(scope="module")
def worker(flow: Flow) -> Worker:
    """One that ran before; `fraud` and `late`, which wants only what is new, were added beside it."""
    worker = flow.run("notifications", "analytics")
    worker.wait_ready()
    with flowing(flow):
        add(flow)
        for each in [flow.faust("subscribers.fraud"), flow.faust("subscribers.late")]:
            each.wait_ready()
        flow.send(*placed("afterwards"))
        until(lambda: "afterwards" in screened(flow, "late"), "the late one has heard of it")
    flow.wait_idle(*GROUPS)
    return worker


@contextmanager
def flowing(flow: Flow) -> Iterator[None]:
    """Orders all the while."""
    stop = threading.Event()

    def send() -> None:
        for number in count():
            flow.send(*placed(f"flowing-{number}"))
            if stop.wait(0.05):
                return

    thread = threading.Thread(target=send)
    thread.start()
    yield
    stop.set()
    thread.join()


def add(flow: Flow) -> None:
    """The example of the docs, and another one of its kind `from: now`."""
    source = (EXAMPLE / "fraud.py").read_text(encoding="utf-8")
    late = source.replace('stanza("fraud")', 'stanza("late")')
    flow.rewrite({"streams/subscribers/fraud.py": source, "streams/subscribers/late.py": late})
    stanza = yaml.safe_load((EXAMPLE / "stanza.yaml").read_text(encoding="utf-8"))["subscribers"]["fraud"]
    wanted = deepcopy(flow.map)
    wanted["contexts"]["fraud"]["subscribers"] = {"fraud": stanza, "late": stanza | {"from": "now"}}
    flow.redraw(wanted)


def key(record: Stored) -> str:
    return (record.key or b"").decode()


def screened(flow: Flow, by: str) -> list[str]:
    """The orders that this subscriber has screened."""
    records = flow.records("order.screened.v1")
    return sorted(key(record) for record in records if dict(record.headers)["ce_source"] == by.encode())


@pytest.mark.usefixtures("worker")
def test_it_gets_every_retained_order_once(flow: Flow) -> None:
    orders = [key(record) for record in flow.records("order.placed.v1")]
    assert set(RETAINED) < set(orders)
    assert screened(flow, "fraud") == sorted(orders)


@pytest.mark.usefixtures("worker")
def test_from_now_on_it_gets_every_later_one_once(flow: Flow) -> None:
    late, orders = screened(flow, "late"), flow.records("order.placed.v1")
    assert set(late).isdisjoint(RETAINED)
    assert len(late) == len(set(late))
    for partition in (0, 1):
        heard = [key(record) in late for record in orders if record.partition == partition]
        assert heard == sorted(heard), "without a gap from its beginning on"


def test_nothing_else_changes_or_restarts(flow: Flow, worker: Worker) -> None:
    calls = flow.calls("notifications")
    assert sorted(call["key"] for call in calls) == sorted(key(record) for record in flow.records("order.placed.v1"))
    assert {call["pid"] for call in calls} == {worker.pid}
    assert worker.metric("crossdock_engine_restarts_total") == 0
    assert worker.metric("crossdock_transactions_aborted_total") == 0
