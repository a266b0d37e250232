"""Check 1: one subscriber's trouble moves nothing of the others."""

from collections.abc import Iterator, Mapping

import pytest

from tests.flow import Flow, placed, small, under_orders
from tests.worker import Worker, until

CALM = ("notifications", "matching")
GROUPS = ("analytics", *CALM)


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    modules = {
        **under_orders("notifications", "request_receipt", "streams/subscribers/notifications.py"),
        **under_orders("analytics", "count", "streams/subscribers/analytics.py"),
        **under_orders("matching", "translate", "streams/subscribers/matching.py"),
    }
    with Flow(broker, tmp_path_factory.mktemp("isolation"), small(), modules) as flow:
        yield flow


@pytest.fixture(scope="module")
def workers(flow: Flow) -> Mapping[str, Worker]:
    """A process each; analytics has raised twice on its order, and all is done."""
    workers = {group: flow.faust(f"subscribers.{group}") for group in GROUPS}
    for worker in workers.values():
        worker.wait_ready()
    flow.tell({"app": "analytics", "do": "raise", "times": 2})
    flow.send(*placed("order-1"))
    until(lambda: len(flow.calls("analytics")) >= 3, "analytics has tried again")
    flow.wait_idle(*GROUPS)
    return workers


@pytest.mark.usefixtures("workers")
def test_only_the_failing_handler_is_called_again(flow: Flow) -> None:
    assert {group: len(flow.calls(group)) for group in GROUPS} == {"analytics": 3, "notifications": 1, "matching": 1}


def test_only_its_retries_are_counted(workers: Mapping[str, Worker]) -> None:
    counts = {name: worker.metric("crossdock_records_retried_total") for name, worker in workers.items()}
    assert counts == {"analytics": 2, "notifications": 0, "matching": 0}


@pytest.mark.usefixtures("workers")
def test_only_its_lanes_hold_records(flow: Flow) -> None:
    assert {group: flow.laned(group) for group in GROUPS} == {"analytics": 2, "notifications": 0, "matching": 0}
    assert [flow.letters(group) for group in GROUPS] == [[], [], []]


@pytest.mark.usefixtures("workers")
def test_only_its_offsets_of_lanes_move(flow: Flow) -> None:
    committed = flow.cluster.committed(GROUPS)
    moved = {group: {topic for (topic, _), at in committed[group].items() if at > 0} for group in GROUPS}
    orders = {"order.placed.v1"}
    assert {group: moved[group] for group in CALM} == {"notifications": orders, "matching": orders}
    assert moved["analytics"] == {*orders, "analytics.retry.1", "analytics.retry.2"}


@pytest.mark.usefixtures("workers")
def test_the_results_are_those_of_a_quiet_day(flow: Flow) -> None:
    assert [event.order_id for event in flow.events("notification.receipt.v1")] == ["order-1"]
    assert [event.lead_id for event in flow.events("lead.start")] == ["lead-order-1"]
