"""Whatever comes in and whatever a handler does: a record ends in one place, with its reason, and the rest goes on."""

import struct
from collections.abc import Iterator

import pytest

from streams.contracts.partitioner import partition_of
from streams.domain.events import OrderCancelled, ProviderAcceptedLead
from tests.flow import Flow, placed, small, under_orders
from tests.letter import Letter
from tests.worker import Worker, until

ORDERS, ACCEPTED, RECEIPTS = "order.placed.v1", "provider.accepted.v1", "notification.receipt.v1"
TRIES = 3  # the source and two lanes

# what a handler does → the error that its record is buried with, and after how many tries
MISDEEDS = {
    "raise": ("RuntimeError", "told to fail", TRIES),
    "poison": ("Poison", "told to poison", 1),
    "a number": ("TypeError", "not iterable", TRIES),
    "nothing": ("TypeError", "not iterable", TRIES),
    "a word": ("Poison", "str, which is not an effect", 1),
    "no record": ("Poison", "unknown_topic", 1),
    "unknown topic": ("Poison", "nowhere.v1", 1),
    "wrong fields": ("Unencodable", "customer_id", TRIES),
    "too large": ("Poison", "output_too_large", 1),
    "exit": ("HandlerExited", "sys.exit('told to exit')", TRIES),
    "timer": ("Poison", "no state", 1),
}
# the same for a handler with a state
MISSTATEMENTS = {
    "a number": ("TypeError", "unpack", TRIES),
    "wrong state": ("Poison", "str for its state", 1),
    "timer without time": ("Poison", "wake", 1),
    "timer without name": ("Poison", "None", 1),
    "timer without zone": ("Poison", "wake", 1),
}


def garbage(flow: Flow) -> dict[str, tuple[bytes | None, str]]:
    """Values of an order's topic that are no orders, and what their dead letters say."""
    whole = flow.encode(ORDERS, placed("whole")[0])
    other = flow.encode("order.cancelled.v1", OrderCancelled(order_id="other", reason="none"))
    huge = struct.pack(">bI", 0, struct.unpack(">I", whole[1:5])[0]) + b"\xfe" * 8 + b"\x01"
    return {
        "null": (None, "no value"),
        "empty": (b"", "Undecodable"),
        "text": (b"not Avro at all", "Undecodable"),
        "head only": (whole[:5], "Undecodable"),
        "cut off": (whole[:-3], "Undecodable"),
        "left over": (whole + b"\0", "Undecodable"),
        "endless": (huge, "Undecodable"),
        "another record": (other, "Undecodable"),
        "unknown id": (b"\0" + (2**31 - 7).to_bytes(4, "big") + whole[5:], "UnknownSchema"),
    }


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """Everything bad at once, good records before and behind it, and one worker process that does not die of it."""
    wanted = small(delays=["200ms", "300ms"])
    wanted["contexts"]["notifications"]["subscribers"]["notifications"]["handler_timeout"] = "1s"
    modules = {
        **under_orders("notifications", "request_receipt", "streams/subscribers/notifications.py"),
        **under_orders("analytics", "count", "streams/subscribers/analytics.py"),
    }
    with Flow(broker, tmp_path_factory.mktemp("poison"), wanted, modules) as flow:
        flow.tell(
            {"app": "notifications", "key": "hang", "do": "sleep", "seconds": 3600, "times": 1},
            *({"app": "notifications", "key": misdeed, "do": misdeed} for misdeed in MISDEEDS),
            *({"app": "analytics", "key": f"state: {misdeed}", "do": misdeed} for misdeed in MISSTATEMENTS),
        )
        flow.send(*placed("before", *MISDEEDS, "hang"))
        flow.send(*(OrderCancelled(order_id=f"state: {misdeed}", reason="none") for misdeed in MISSTATEMENTS))
        for key, (value, _) in garbage(flow).items():
            flow.write(ORDERS, value, key.encode())
        flow.send(*placed(*(f"after {number}" for number in range(20))))
        yield flow


@pytest.fixture(scope="module")
def worker(flow: Flow) -> Worker:
    worker = flow.run("notifications", "analytics", "leads")
    flow.wait_idle("notifications", "analytics", "leads")
    return worker


def letter(flow: Flow, group: str, key: str) -> Letter:
    """The one dead letter of this key."""
    found = [letter for letter in flow.letters(group) if letter.stored.key == key.encode()]
    assert len(found) == 1, [each.facts for each in found]
    return found[0]


def receipts(flow: Flow) -> list[str]:
    return sorted(event.order_id for event in flow.events(RECEIPTS))


@pytest.mark.usefixtures("worker")
def test_every_good_order_has_one_receipt_and_no_bad_one_has_any(flow: Flow) -> None:
    assert receipts(flow) == sorted(["before", "hang", *(f"after {number}" for number in range(20))])


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_what_a_handler_does_wrong_ends_in_one_dead_letter_with_its_reason(flow: Flow, misdeed: str) -> None:
    error, message, attempts = MISDEEDS[misdeed]
    facts = letter(flow, "notifications", misdeed).facts
    assert (facts.error_type, facts.attempts, facts.stage) == (error, attempts, "handle")
    assert message in facts.error_message


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("misdeed", MISSTATEMENTS)
def test_so_does_what_a_handler_with_a_state_does_wrong(flow: Flow, misdeed: str) -> None:
    error, message, attempts = MISSTATEMENTS[misdeed]
    facts = letter(flow, "analytics", f"state: {misdeed}").facts
    assert (facts.error_type, facts.attempts, facts.stage) == (error, attempts, "handle")
    assert message in facts.error_message


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("group", ["notifications", "analytics"])
def test_bytes_that_are_no_record_end_in_dead_letters_untouched_and_untried(flow: Flow, group: str) -> None:
    for key, (value, reason) in garbage(flow).items():
        stored, facts = letter(flow, group, key)
        assert (stored.value, facts.stage, facts.attempts) == (value, "decode", 1), key
        assert reason in f"{facts.error_type}: {facts.error_message}"
    assert {call["key"] for call in flow.calls("notifications")}.isdisjoint(garbage(flow))


@pytest.mark.usefixtures("worker")
def test_the_trouble_of_one_group_is_no_trouble_of_another(flow: Flow) -> None:
    tried = {letter.stored.key for letter in flow.letters("analytics") if letter.facts.stage != "decode"}
    assert tried == {f"state: {misdeed}".encode() for misdeed in MISSTATEMENTS}


def test_a_handler_that_hangs_costs_its_record_an_attempt_and_the_process_begins_again(
    flow: Flow, worker: Worker
) -> None:
    lane = [record for record in flow.records("notifications.retry.1") if record.key == b"hang"]
    assert [dict(record.headers)["xd_error_type"] for record in lane] == [b"HandlerTimeout"]
    assert len(flow.calls("notifications", "hang")) == 2
    assert {call["pid"] for call in flow.calls("notifications")} == {worker.pid}, "begun again in place"
    assert "hung on order.placed.v1" in worker.log


@pytest.mark.usefixtures("worker")
def test_a_record_without_a_key_is_handled_like_any_other(flow: Flow) -> None:
    flow.write(ORDERS, flow.encode(ORDERS, placed("keyless")[0]), None, partition=0)
    until(lambda: "keyless" in receipts(flow), "a receipt for the order without a key")
    flow.tell({"app": "notifications", "do": "raise", "key": "keyless and bad"})
    flow.write(ORDERS, flow.encode(ORDERS, placed("keyless and bad")[0]), None, partition=0)
    found = until(lambda: [x for x in flow.letters("notifications") if x.stored.key is None], "a dead letter")
    assert [x.facts.attempts for x in found] == [TRIES]


@pytest.mark.usefixtures("worker")
def test_the_saga_buries_what_a_producer_with_another_partitioner_or_key_wrote(flow: Flow) -> None:
    accepted = flow.encode(ACCEPTED, ProviderAcceptedLead(lead_id="lead-1", provider_id="p"))
    elsewhere = 1 - partition_of(b"lead-1", 2)
    ids = [
        flow.write(ACCEPTED, accepted, b"lead-1", partition=elsewhere),
        flow.write(ACCEPTED, accepted, b"another key"),
        flow.write(ACCEPTED, accepted, None, partition=0),
    ]
    flow.wait_idle("leads")
    reasons = {letter.id: letter.facts.error_message.split(":")[0] for letter in flow.letters("leads")}
    assert [reasons[id] for id in ids] == ["wrong_partition", "wrong_key", "wrong_key"]
    flow.write(ACCEPTED, accepted, b"lead-1")
    refused = until(lambda: flow.events("lead.refused.v1"), "the same acceptance from a right producer is answered")
    assert [event.reason for event in refused] == ["not_offered"]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("topic", ["notifications.control", "notifications.retry.1", "notifications.retry.2"])
def test_garbage_in_our_own_topics_ends_in_dead_letters(flow: Flow, topic: str) -> None:
    written = [
        flow.write(topic, b"garbage", b"\xff\xfe", partition=1),
        flow.write(topic, None, None, partition=1, headers=[("xd_command", b"dance"), ("xd_due_at", b"soon")]),
    ]
    flow.wait_idle("notifications")
    ids = [letter.id for letter in flow.letters("notifications")]
    assert [ids.count(id) for id in written] == [1, 1]
    flow.send(*placed(f"behind garbage in {topic}"))
    until(lambda: f"behind garbage in {topic}" in receipts(flow), "work goes on")


@pytest.mark.usefixtures("worker")
def test_a_copy_of_a_retry_record_is_not_tried_again(flow: Flow) -> None:
    lane = next(record for record in flow.records("notifications.retry.1") if record.key == b"raise")
    before = len(flow.calls("notifications", "raise"))
    flow.write(lane.topic, lane.value, lane.key, partition=lane.partition, headers=lane.headers)
    flow.wait_idle("notifications")
    assert len(flow.calls("notifications", "raise")) == before
    letter(flow, "notifications", "raise")
