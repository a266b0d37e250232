"""Each test runs twice: on the Kafka in memory and on a real one."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.conformance.kafka.kafkas import InMemory, Kafka, Real


@pytest.fixture(params=["in memory", "real"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Kafka]:
    made = InMemory() if request.param == "in memory" else Real(request.getfixturevalue("broker"))
    with closing(made):
        yield made
