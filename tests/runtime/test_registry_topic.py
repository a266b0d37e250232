"""The registry on `_schemas`: two publishers at once, a cluster that is away, a version that comes while we run."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from streams.contracts.registry import RegistryUnavailable
from streams.contracts.settings import Settings
from streams.runtime.registry_topic import FRESH_SECONDS, TopicRegistry


def thing(*more: str) -> Any:
    fields = [{"name": name, "type": "string", "default": ""} for name in ("first", *more)]
    return {"type": "record", "name": "Thing", "doc": str(uuid4()), "fields": fields}


def test_publishers_at_once_give_no_id_to_two_texts_and_lose_nothing(broker: str) -> None:
    shared, mark, together = thing(), str(uuid4()), Barrier(3)

    def publish(number: int) -> dict[str, int]:
        wanted = {f"{mark}-{number}-{n}": thing() for n in range(5)} | {f"{mark}-shared": shared}
        with closing(TopicRegistry(Settings(broker=broker))) as registry:
            together.wait()
            return registry.register(wanted)

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(publish, range(3)))
    assert len({number for result in results for number in result.values()}) == 16
    with closing(TopicRegistry(Settings(broker=broker))) as registry:
        for result in results:
            for subject, number in result.items():
                assert registry.latest(subject)[0] == number
        assert registry.versions(f"{mark}-shared") == [shared]


def test_a_version_that_comes_while_we_run_is_written_after_a_while(broker: str) -> None:
    now, subject, old = [0.0], str(uuid4()), thing()
    new = thing("second")
    with (
        closing(TopicRegistry(Settings(broker=broker), lambda: now[0])) as ours,
        closing(TopicRegistry(Settings(broker=broker))) as another,
    ):
        another.register({subject: old})
        assert ours.latest(subject)[1] == old
        another.register({subject: new})
        assert ours.latest(subject)[1] == old
        now[0] += FRESH_SECONDS
        assert ours.latest(subject)[1] == new


def test_a_cluster_that_is_away_leaves_the_id_undecided() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings = Settings(broker=f"127.0.0.1:{taken.getsockname()[1]}")
        with closing(TopicRegistry(settings)) as registry, pytest.raises(RegistryUnavailable):
            registry.by_id(1)
