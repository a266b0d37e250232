"""Check 14: no Python name routes anything, so handlers and modules are renamed with messages in flight."""

from collections.abc import Iterator
from itertools import chain

import pytest

from streams.runtime.outside import Stored
from tests.flow import ROOT, Flow, placed, small
from tests.worker import until

OLD, NEW = "streams/subscribers/notifications.py", "streams/subscribers/receipts.py"
RECEIPTS = "notification.receipt.v1"
UNREAD = [f"unread-{number}" for number in range(20)]
FACTS = ("xd_error_type", "xd_error_message", "xd_stack", "kafka_dlt-exception")  # what failed, for people


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """A worker was killed with an order in a lane, one behind it, and others unread; then handler and module moved."""
    source = (ROOT / OLD).read_text(encoding="utf-8")
    failing = source.replace('"""One receipt an order."""', 'assert order.order_id != "flying"')
    assert failing != source
    with Flow(broker, tmp_path_factory.mktemp("rename"), small(delays=["3s"]), {OLD: failing}) as flow:
        flow.send(*placed("flying", "flying", "done"))
        worker = flow.faust("subscribers.notifications")
        until(lambda: flow.records("notifications.retry.1") and flow.records(RECEIPTS), "one in a lane, one done")
        worker.kill()
        flow.send(*placed(*UNREAD))
        (flow.tree / OLD).unlink()
        flow.rewrite({NEW: source.replace("request_receipt", "ask_for_one")})
        yield flow


def test_messages_in_flight_are_handled_by_the_new_names(flow: Flow) -> None:
    worker = flow.faust("subscribers.receipts")
    worker.wait_ready()
    until(lambda: len(flow.records(RECEIPTS)) >= len(UNREAD) + 3, "a receipt for every order")
    flow.wait_idle("notifications")
    assert worker.stop() == 0
    assert sorted(event.order_id for event in flow.events(RECEIPTS)) == sorted([*UNREAD, "done", "flying", "flying"])
    assert flow.letters("notifications") == []


def test_the_command_line_finds_the_moved_module(flow: Flow) -> None:
    worker = flow.run("notifications")
    worker.wait_ready()
    flow.send(*placed("later"))
    until(lambda: any(record.key == b"later" for record in flow.records(RECEIPTS)), "its receipt")
    assert worker.stop() == 0


def test_no_python_name_is_on_the_wire(flow: Flow) -> None:
    topics = [topic for topic in flow.cluster.topics if "order.placed" in topic or "notification" in topic]
    written = b"".join(map(on_the_wire, chain.from_iterable(map(flow.records, topics))))
    assert b"flying" in written
    for name in (b"streams", b"subscribers", b"request_receipt", b"ask_for_one", b"ReceiptRequested", b"OrderPlaced"):
        assert name not in written


def on_the_wire(record: Stored) -> bytes:
    """Everything that routes a record or makes one of it: key, value and headers."""
    headers = [name.encode() + (value or b"") for name, value in record.headers if not name.startswith(FACTS)]
    return b"".join([record.key or b"", record.value or b"", *headers])
