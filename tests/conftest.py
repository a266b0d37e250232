"""What tests of every room share: one real broker and one real schema registry for the whole run."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from streams.contracts import current
from streams.ops.kafka import EmbeddedKafkaError
from tests import rabbitmq_server, redis_server
from tests.apicurio import SKIP, Apicurio, unpacked
from tests.kafka_server import KafkaServer
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer
from tests.sqs_server import SqsServer

# The same inputs in every run, however slow the machine: new ones are for the campaigns (docs/fuzzing.md).
settings.register_profile("laws", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("laws")


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


@pytest.fixture(scope="session")
def rabbitmq_process() -> Iterator[RabbitServer]:
    if rabbitmq_server.MISSING:
        pytest.skip(rabbitmq_server.MISSING)
    with RabbitServer() as server:
        yield server


@pytest.fixture
def rabbitmq(rabbitmq_process: RabbitServer) -> RabbitServer:
    """A real RabbitMQ that runs, also where the test before has ended it; tests keep apart by names."""
    rabbitmq_process.start()
    return rabbitmq_process


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A real Redis, empty."""
    if redis_server.MISSING:
        pytest.skip(redis_server.MISSING)
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def sqs_process() -> Iterator[SqsServer]:
    with SqsServer() as server:
        yield server


@pytest.fixture
def sqs(sqs_process: SqsServer) -> SqsServer:
    """A real HTTP server that speaks SQS and runs; tests keep apart by queues."""
    sqs_process.start()
    return sqs_process
