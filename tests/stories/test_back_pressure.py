"""Check 2, in short: a subscriber that crawls holds up nobody else."""

import time
from collections.abc import Iterator

import pytest

from streams.ops.sender import open_sender
from tests.flow import Flow, placed, small, under_orders
from tests.worker import until

ORDERS, RATE = 500, 100
OTHERS = {"notifications": "notification.receipt.v1", "analytics": "analytics.changelog"}


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    module = under_orders("matching", "translate", "streams/subscribers/matching.py")
    with Flow(broker, tmp_path_factory.mktemp("pressure"), small(), module) as flow:
        for worker in [flow.faust(f"subscribers.{group}") for group in ("matching", *OTHERS)]:
            worker.wait_ready()
        yield flow


def feed(flow: Flow, name: str) -> tuple[float, dict[str, float]]:
    """Send the orders at their rate; how long that took, and how long after the last one each other group was done."""
    ids = [f"{name}-{number}" for number in range(ORDERS)]
    begun = time.monotonic()
    with open_sender(flow.settings, flow.topology, "test") as sender:
        for at, order in enumerate(placed(*ids)):
            time.sleep(max(0.0, begun + at / RATE - time.monotonic()))
            sender.send(order)
    took = time.monotonic() - begun
    flow.wait_idle(*OTHERS)
    last = max(record.time_ms for record in flow.records("order.placed.v1"))
    results = {group: flow.records(topic) for group, topic in OTHERS.items()}
    done = {group: [r.time_ms for r in found if name.encode() in (r.key or b"")] for group, found in results.items()}
    assert [len(times) >= ORDERS for times in done.values()] == [True, True]
    return took, {group: (max(times) - last) / 1000 for group, times in done.items()}


def test_a_crawling_subscriber_does_not_slow_the_others_down(flow: Flow) -> None:
    took, usual = feed(flow, "usual")
    flow.wait_idle("matching")
    flow.tell({"app": "matching", "do": "sleep", "seconds": 1, "keep": True})
    before = len(flow.calls("matching"))
    begun = time.monotonic()
    _, slowed = feed(flow, "slowed")
    assert 0 < len(flow.calls("matching")) - before <= time.monotonic() - begun + 2
    assert {group: late for group, late in slowed.items() if late > usual[group] + took / 10} == {}
    assert flow.behind("matching") > ORDERS / 2
    flow.tell()
    until(lambda: len(flow.events("lead.start")) >= 2 * ORDERS, "the crawler has caught up")
    assert len({event.lead_id for event in flow.events("lead.start")}) == len(flow.events("lead.start")) == 2 * ORDERS
