"""The databases of the outbox's tests, each started once."""

from collections.abc import AsyncIterator, Iterator

import pytest

from streams.ops.kafka import EmbeddedKafkaError
from tests import mariadb_server, postgres_server
from tests.mariadb_server import MariadbServer
from tests.outbox.shops import Shop
from tests.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    if reason := postgres_server.unsupported():
        pytest.skip(reason)
    try:
        postgres_server.downloaded()
    except EmbeddedKafkaError as error:
        pytest.skip(f"PostgreSQL cannot be downloaded: {error}")
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    if reason := mariadb_server.unsupported():
        pytest.skip(reason)
    with MariadbServer() as server:
        yield server


@pytest.fixture(params=["postgres", "mariadb"])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    found = Shop(request.param, request.getfixturevalue(request.param))
    yield found
    for relay in found.relays:
        await relay.close()


@pytest.fixture(params=["log", "poll"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)
