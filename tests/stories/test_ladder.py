"""Check 4: a record that fails climbs its ladder, its key in order behind it and all other keys past it."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from streams.domain.events import OrderCancelled
from tests.flow import Flow, placed, small, under_orders
from tests.worker import until

DELAYS = (1.0, 2.0, 4.0)
SLACK_S = 1.5  # of a loaded machine, for each step
OTHERS = [f"other-{number}" for number in range(30)]


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """`bad` fails always, `ill` twice, `early` wants two seconds; all climb at the same time."""
    modules = {
        **under_orders("notifications", "request_receipt", "streams/subscribers/notifications.py"),
        **under_orders("analytics", "count", "streams/subscribers/analytics.py"),
    }
    wanted = small(delays=[f"{delay:.0f}s" for delay in DELAYS])
    with Flow(broker, tmp_path_factory.mktemp("ladder"), wanted, modules) as flow:
        flow.run("notifications", "analytics").wait_ready()
        flow.tell(
            {"app": "notifications", "key": "bad", "do": "raise"},
            {"app": "notifications", "key": "early", "do": "try later", "seconds": 2, "times": 1},
            {"app": "analytics", "key": "ill", "do": "raise", "times": 2},
        )
        flow.send(*placed("bad", "ill", "early"))
        flow.send(OrderCancelled(order_id="ill", reason="changed_mind"))
        until(lambda: flow.calls("notifications", "bad") and flow.calls("analytics", "ill"), "the first tries")
        flow.send(*placed(*OTHERS))
        until(lambda: flow.letters("notifications"), "a dead letter")
        yield flow


def tried_after(flow: Flow, app: str, key: str) -> list[float]:
    """When each try came, in seconds after the one before."""
    times = [call["at"] for call in flow.calls(app, key)]
    return [later - earlier for earlier, later in pairwise(times)]


def test_the_tries_come_after_each_delay_and_never_early(flow: Flow) -> None:
    waited = tried_after(flow, "notifications", "bad")
    assert len(waited) == len(DELAYS)
    assert all(delay <= seconds < delay + SLACK_S for seconds, delay in zip(waited, DELAYS, strict=True)), waited


def test_other_keys_flow_meanwhile(flow: Flow) -> None:
    last_try = flow.calls("notifications", "bad")[-1]["at"]
    done = {call["key"] for call in flow.calls("notifications") if call["at"] < last_try}
    assert set(OTHERS) <= done


def test_a_handler_that_asks_for_later_gets_the_first_lane_that_is_late_enough(flow: Flow) -> None:
    (waited,) = tried_after(flow, "notifications", "early")
    assert 2.0 <= waited < 2.0 + SLACK_S
    assert [record.key for record in flow.records("notifications.retry.1")] == [b"bad"]


def test_a_later_record_of_the_key_waits_for_its_turn(flow: Flow) -> None:
    flow.wait_idle("analytics")
    assert [call["event"] for call in flow.calls("analytics", "ill")] == ["OrderPlaced"] * 3 + ["OrderCancelled"]
    assert flow.letters("analytics") == []


def test_the_one_dead_letter_has_the_untouched_record_and_all_its_facts(flow: Flow) -> None:
    (letter,) = flow.letters("notifications")
    (source,) = [record for record in flow.records("order.placed.v1") if record.key == b"bad"]
    stored, facts = letter
    assert (stored.key, stored.value) == (source.key, source.value)
    assert stored.headers[: len(source.headers)] == source.headers
    assert letter.id == source.id
    assert (facts.timestamp_ms, facts.group, facts.stage) == (source.time_ms, "notifications", "handle")
    assert (facts.attempts, facts.error_type, facts.error_message) == (4, "RuntimeError", "told to fail")
    assert "told to fail" in facts.stack.splitlines()[-1]
    assert facts.fingerprint
    assert source.time_ms <= facts.first_failed_at_ms <= facts.last_failed_at_ms - 7_000
    assert facts.last_failed_at_ms <= datetime.now(UTC).timestamp() * 1000


def test_spring_finds_the_same_facts_under_its_own_names(flow: Flow) -> None:
    ((stored, facts),) = flow.letters("notifications")
    spring = {name: value for name, value in stored.headers if name.startswith("kafka_dlt-")}
    prefix = flow.settings.prefix
    assert spring.pop("kafka_dlt-exception-stacktrace") == facts.stack.encode()
    assert spring == {
        "kafka_dlt-original-topic": f"{prefix}order.placed.v1".encode(),
        "kafka_dlt-original-partition": struct.pack(">i", facts.partition),
        "kafka_dlt-original-offset": struct.pack(">q", facts.offset),
        "kafka_dlt-original-timestamp": struct.pack(">q", facts.timestamp_ms),
        "kafka_dlt-original-timestamp-type": b"LogAppendTime",
        "kafka_dlt-original-consumer-group": f"{prefix}notifications".encode(),
        "kafka_dlt-exception-fqcn": b"RuntimeError",
        "kafka_dlt-exception-message": b"told to fail",
    }
