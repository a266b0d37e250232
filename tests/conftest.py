"""What tests of every room share: one real broker for the whole run."""

from collections.abc import Iterator

import pytest

from tests.kafka_server import KafkaServer


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Bootstrap address of a real Kafka; tests keep apart by topic, group and transactional id."""
    with KafkaServer() as kafka:
        yield kafka.bootstrap
