"""The broker is killed under working apps and comes back: everything goes on, without anybody's help."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow import Flow, placed, small
from tests.kafka_server import KafkaServer
from tests.worker import until

_GOES_ON_S = 30.0  # far less than librdkafka keeps a coordinator that is gone in mind (metadata.max.age.ms, 15 min)


@pytest.fixture
def kafka() -> Iterator[KafkaServer]:
    with KafkaServer() as kafka:
        yield kafka


def receipts(flow: Flow) -> list[str]:
    return sorted(event.order_id for event in flow.events("notification.receipt.v1"))


@pytest.mark.parametrize(
    ("strategy", "away_s"), [("none", 0.0), ("none", 3.0), ("rebootstrap", 1.0)], ids=["at once", "later", "stuck"]
)
def test_a_killed_broker_that_is_back_is_worked_with_again(
    kafka: KafkaServer, strategy: str, away_s: float, tmp_path: Path
) -> None:
    """`rebootstrap` leaves librdkafka's client stuck (clients.py): the watchdog ends the process, which begins anew."""
    config = tmp_path / "client.properties"
    config.write_text(f"metadata.recovery.strategy={strategy}\n", encoding="utf-8")
    with Flow(kafka.bootstrap, tmp_path, small()) as flow:
        worker = flow.run("notifications", "analytics", "matching", CROSSDOCK_KAFKA_CONFIG=str(config))
        flow.send(*placed("1", "2", "3"))
        until(lambda: receipts(flow) == ["1", "2", "3"], "receipts before")
        kafka.kill()
        time.sleep(away_s)  # an outage has a length; nothing is waited for here
        kafka.start()
        flow.send(*placed("4", "5", "6"))
        until(lambda: receipts(flow) == ["1", "2", "3", "4", "5", "6"], "receipts after", _GOES_ON_S)
        until(lambda: flow.behind("notifications", "analytics", "matching") == 0, "everything is handled", _GOES_ON_S)
        assert ("no answer" in worker.log) == (strategy == "rebootstrap")
        assert worker.stop() == 0
