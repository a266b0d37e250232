"""What tests of every room share: one real broker and one real schema registry for the whole run."""

import os
from collections.abc import Iterator

import pytest

from streams.contracts import current
from streams.ops.kafka import EmbeddedKafkaError
from tests.apicurio import SKIP, Apicurio, unpacked
from tests.kafka_server import KafkaServer


@pytest.fixture(autouse=True)
def _no_map_of_another_test() -> Iterator[None]:
    """The map of a process is read once; tests that name another one share this process."""
    yield
    current.topology.cache_clear()


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Bootstrap address of a real Kafka; tests keep apart by topic, group and transactional id."""
    with KafkaServer() as kafka:
        yield kafka.bootstrap


@pytest.fixture(scope="session")
def apicurio() -> Iterator[str]:
    """URL of a real schema registry's Confluent API; skipped only where it cannot be had."""
    if os.environ.get(SKIP):
        pytest.skip(f"{SKIP} is set")
    try:
        unpacked()
    except EmbeddedKafkaError as error:
        pytest.skip(f"Apicurio cannot be downloaded: {error}")
    with Apicurio() as registry:
        yield registry.url
