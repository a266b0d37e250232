"""Workers as processes: they start, list what they do, share work and stop; a kill loses and repeats nothing."""

from collections.abc import Iterator
from functools import partial
from itertools import count

import pytest

from tests.flow import Flow, placed, small, under_orders
from tests.worker import free_port, until

RECEIPTS = "notification.receipt.v1"
APP = "subscribers.notifications"
_numbers = count()


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    module = under_orders("notifications", "request_receipt", "streams/subscribers/notifications.py")
    with Flow(broker, tmp_path_factory.mktemp("workers"), small(), module) as flow:
        yield flow


@pytest.fixture(autouse=True)
def _nobody_runs_on(flow: Flow) -> Iterator[None]:
    yield
    flow.kill_workers()


def send(flow: Flow, orders: int) -> list[str]:
    """Orders with new ids."""
    ids = [f"order-{next(_numbers)}" for _ in range(orders)]
    flow.send(*placed(*ids))
    return ids


def receipts(flow: Flow, ids: list[str]) -> list[str]:
    return sorted(event.order_id for event in flow.events(RECEIPTS) if event.order_id in ids)


def has_more(flow: Flow, ids: list[str], than: int) -> bool:
    return len(receipts(flow, ids)) > than


def await_receipts(flow: Flow, ids: list[str]) -> None:
    """Until each has one; more than one fails."""
    until(lambda: set(receipts(flow, ids)) == set(ids), f"receipts for {len(ids)} orders")
    assert receipts(flow, ids) == sorted(ids)


def test_a_faust_worker_handles_its_events_and_stops_cleanly_on_sigterm(flow: Flow) -> None:
    ids = send(flow, 20)
    worker = flow.faust(APP)
    await_receipts(flow, ids)
    worker.wait_ready()
    assert worker.page("/health")[0] == 200
    assert worker.metric("crossdock_records_processed_total", 'app="notifications"') == 20
    assert worker.stop() == 0
    again = flow.faust(APP)
    await_receipts(flow, send(flow, 5))
    await_receipts(flow, ids)
    assert again.stop() == 0
    assert "Traceback" not in worker.log + again.log


@pytest.mark.parametrize(
    ("command", "listed"),
    [
        (["agents"], ["notifications:order.placed.v1", "One receipt an order"]),
        (["tables"], ["waiting", "notifications.changelog"]),
    ],
    ids=["agents", "tables"],
)
def test_faust_lists_what_an_app_does(flow: Flow, command: list[str], listed: list[str]) -> None:
    done = flow.cli("-m", "faust", "-A", f"streams.{APP}", "--json", *command)
    assert done.returncode == 0, done.stderr
    assert [text for text in listed if text not in done.stdout] == []


@pytest.mark.parametrize("kind", ["faust", "run"])
def test_a_worker_killed_in_the_middle_loses_and_repeats_nothing(flow: Flow, kind: str) -> None:
    ids = send(flow, 300)
    flow.tell({"app": "notifications", "do": "sleep", "seconds": 0.005, "keep": True})
    for _ in range(2):
        done = len(receipts(flow, ids))
        worker = flow.faust(APP) if kind == "faust" else flow.run("notifications")
        until(partial(has_more, flow, ids, done), "more receipts")
        worker.kill()
    flow.tell()
    flow.run("notifications")
    await_receipts(flow, ids)


def test_two_processes_on_one_home_share_the_work_and_one_takes_over(flow: Flow) -> None:
    first, second = flow.run("notifications"), flow.run("notifications")
    first.wait_ready()
    second.wait_ready()
    until(lambda: pids(flow, send(flow, 20)) == {first.pid, second.pid}, "both have handled orders")
    second.kill()
    await_receipts(flow, send(flow, 20))
    second = flow.run("notifications")
    until(lambda: pids(flow, send(flow, 20)) == {first.pid, second.pid}, "both have handled orders again")
    assert (first.stop(), second.stop()) == (0, 0)


def pids(flow: Flow, ids: list[str]) -> set[int]:
    await_receipts(flow, ids)
    return {call["pid"] for call in flow.calls("notifications") if call["key"] in ids}


@pytest.mark.parametrize("kind", ["faust", "run"])
def test_a_busy_metrics_port_stops_no_worker(flow: Flow, kind: str) -> None:
    port = free_port()
    first = flow.run("analytics", port=port)
    first.wait_ready()
    second = flow.run("notifications", port=port) if kind == "run" else flow.faust(APP, port=port)
    await_receipts(flow, send(flow, 5))
    assert (first.stop(), second.stop()) == (0, 0)


def test_a_missing_secret_stops_only_that_partners_app(flow: Flow) -> None:
    worker = flow.run("notifications", "partner_x", "partner_y", PARTNER_X_SECRET="")
    await_receipts(flow, send(flow, 5))
    until(lambda: "PARTNER_X_SECRET" in worker.log, "the log names what is missing")
    states = {"notifications": "live", "partner_x": "failed", "partner_y": "live"}
    until(lambda: worker.states() == states, "every app but this one is live")
    assert worker.stop() == 0
    alone = flow.faust("partners:partner_x", PARTNER_X_SECRET="")
    assert alone.wait_exit() != 0
    assert "PARTNER_X_SECRET" in alone.log


@pytest.mark.parametrize(
    "command",
    [["-m", "faust", "-A", "streams.partners:partner_x", "agents"], ["topics", "plan"], ["schemas", "check"]],
    ids=["agents", "topics", "schemas"],
)
def test_a_missing_secret_is_no_matter_to_who_does_not_deliver(flow: Flow, command: list[str]) -> None:
    secret = flow.env.pop("PARTNER_X_SECRET")
    try:
        done = flow.cli(*command)
    finally:
        flow.env["PARTNER_X_SECRET"] = secret
    assert done.returncode == 0, done.stderr


def test_sigterm_ends_a_worker_also_while_no_broker_answers(flow: Flow) -> None:
    worker = flow.faust(APP, CROSSDOCK_BROKER=f"127.0.0.1:{free_port()}")
    until(lambda: worker.states() == {"notifications": "starting"}, "it waits for the broker")
    worker.stop()
    assert "Kafka has not answered" in worker.log


def test_an_app_without_its_topics_says_what_to_do(flow: Flow) -> None:
    worker = flow.faust(APP, CROSSDOCK_PREFIX="nobody-made-these.")
    assert worker.wait_exit() != 0
    assert "topics apply" in worker.log


def test_an_app_that_has_one_more_lane_and_starts_again_at_once_goes_on(flow: Flow) -> None:
    before = flow.run("notifications")
    await_receipts(flow, send(flow, 2))
    assert before.stop() == 0
    flow.redraw(small(delays=("200ms", "400ms", "600ms")))  # the broker still counts the former worker as a member
    flow.run("notifications")
    await_receipts(flow, send(flow, 2))
