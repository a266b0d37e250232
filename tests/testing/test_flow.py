"""A flow in memory: the real engines; what goes in, what comes out, and what a kill in the middle changes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from streams.domain.effects import Effect, Publish
from streams.domain.events import OrderPlaced, ReceiptRequested
from streams.domain.failure import Poison
from streams.runtime.transaction import Crash
from streams.testing import Flow
from streams.testing.apps import spec_of
from tests.flow import placed

APP, ORDERS, RECEIPTS = "notifications", "order.placed.v1", "notification.receipt.v1"
CALLS = ["producer.begin_transaction", "producer.produce", "producer.send_offsets_to_transaction"]
CALLS += ["producer.commit_transaction", "consumer.poll", "consumer.consume", "consumer.consumer_group_metadata"]


class Handler:
    """Asks for a receipt; before that it fails as often as it is told to."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.calls: list[str] = []

    def __call__(self, order: OrderPlaced) -> Iterable[Effect]:
        self.calls.append(order.order_id)
        if self.failures:
            raise self.failures.pop(0)
        return [Publish(ReceiptRequested(order_id=order.order_id, customer_id="c", total_cents=1, item_count=1))]


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def flow(handler: Handler) -> Iterator[Flow]:
    with Flow(replace(spec_of(APP), react=handler)) as flow:
        yield flow


def receipts(flow: Flow) -> list[str]:
    return sorted(receipt.order_id for receipt in flow.events(RECEIPTS))


def test_an_order_goes_in_and_what_it_causes_comes_out(flow: Flow) -> None:
    flow.send(*placed("a", "b"))
    assert receipts(flow) == []
    flow.settle()
    assert receipts(flow) == ["a", "b"]


def test_a_failure_climbs_its_ladder_when_it_is_due(flow: Flow, handler: Handler) -> None:
    first, *_ = spec_of(APP).stanza.ladder.delays
    handler.failures = [ValueError("not now")]
    flow.send(*placed("a"))
    flow.settle()
    assert receipts(flow) == []
    flow.advance(first - timedelta(seconds=1))
    assert handler.calls == ["a"]
    flow.advance(timedelta(seconds=1))
    assert (receipts(flow), handler.calls) == (["a"], ["a", "a"])


def test_what_gives_up_is_a_dead_letter_with_its_reason(flow: Flow, handler: Handler) -> None:
    handler.failures = [Poison("an order of nothing")]
    flow.send(*placed("a"))
    flow.settle()
    (letter,) = flow.dead_letters(APP)
    assert (letter.key, letter.event.order_id) == ("a", "a")
    facts = letter.facts
    assert (facts.stage, facts.attempts, facts.error_message) == ("handle", 1, "an order of nothing")


def test_what_cannot_be_decoded_is_a_dead_letter_without_an_event(flow: Flow, handler: Handler) -> None:
    flow.write(ORDERS, b"nonsense", b"a")
    flow.settle()
    (letter,) = flow.dead_letters(APP)
    assert (letter.facts.stage, letter.event, handler.calls) == ("decode", None, [])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_kill_in_the_middle_of_any_call_costs_nothing_and_repeats_nothing(flow: Flow, phase: str, call: str) -> None:
    flow.send(*placed("a", "b"))
    flow.settle()
    flow.kill(APP, at=f"{phase} {call}")
    flow.send(*placed("c", "d"))
    flow.settle()
    assert not flow.is_running(APP)
    flow.start(APP)
    flow.send(*placed("e"))
    flow.settle()
    assert receipts(flow) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("call", ["producer.send_offsets_to_transaction", "producer.commit_transaction"])
def test_a_worker_that_sleeps_through_its_transaction_is_fenced_and_the_next_one_does_its_work(
    flow: Flow, call: str
) -> None:
    flow.freeze(APP, at=f"before {call}", during=timedelta(seconds=30))
    flow.send(*placed("a"))
    with pytest.raises(Crash, match="_FENCED"):
        flow.settle()
    assert receipts(flow) == []
    flow.start(APP)
    assert receipts(flow) == ["a"]


def test_a_worker_that_slept_longer_than_its_session_ends_before_it_polls(flow: Flow) -> None:
    flow.freeze(APP, at="after producer.commit_transaction", during=timedelta(seconds=7))
    flow.send(*placed("a"))
    flow.settle()
    assert (flow.is_running(APP), receipts(flow)) == (False, ["a"])


def test_who_starts_again_does_not_begin_anew(flow: Flow, handler: Handler) -> None:
    flow.send(*placed("a"))
    flow.settle()
    flow.stop(APP)
    flow.send(*placed("b"))
    flow.start(APP)
    assert (receipts(flow), handler.calls) == (["a", "b"], ["a", "b"])


def test_what_the_outside_sends_twice_are_two_records(flow: Flow, handler: Handler) -> None:
    flow.send(*placed("a"), *placed("a"))
    flow.settle()
    assert handler.calls == ["a", "a"]


def test_a_partner_needs_somebody_who_stands_for_it() -> None:
    with pytest.raises(AssertionError, match="channels="):
        Flow("partner_x")


def test_the_same_twice_is_the_same_to_the_last_byte() -> None:
    def played() -> str:
        with Flow("matching", "analytics", APP) as flow:
            flow.send(*placed("a", "b", "c"))
            flow.kill(APP, at="after producer.produce")
            flow.advance(timedelta(hours=1))
            flow.start(APP)
            return repr({topic: flow.records(topic) for topic in flow.cluster.topics.by_name})

    assert played() == played()
