"""Each test runs twice: on the Kafka in memory and on a real one."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.conformance.kafka.kafkas import InMemory, Kafka, Real


@pytest.fixture(scope="session")
def compacted(broker: str) -> str:
    """Written before the first test, so that its cleaner has been there when a later one looks."""
    with closing(Real(broker)) as kafka:
        return kafka.to_be_compacted()


@pytest.fixture(params=["in memory", "real"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Kafka]:
    made: InMemory | Real = InMemory()
    if request.param == "real":
        made = Real(request.getfixturevalue("broker"), request.getfixturevalue("compacted"))
    with closing(made):
        yield made
