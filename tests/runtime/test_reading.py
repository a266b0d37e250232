"""Readers outside every group, and lanes that are trimmed while they are read."""

from contextlib import closing
from uuid import uuid4

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.following import Follower
from streams.runtime.reading import read
from tests.worker import until


class Lane:
    """A topic of one partition with eight records."""

    def __init__(self, broker: str) -> None:
        self.settings, self.topic = Settings(broker), f"lane-{uuid4().hex}"
        self._admin, self._producer = clients.admin(self.settings), clients.producer(self.settings)
        self._admin.create_topics([NewTopic(self.topic, 1)])[self.topic].result(30)
        self.append(8)

    def append(self, count: int) -> None:
        for _ in range(count):
            self._producer.produce(self.topic, value=b"", partition=0)
        assert self._producer.flush(30) == 0

    def trim(self, first: int) -> None:
        (done,) = self._admin.delete_records([TopicPartition(self.topic, 0, first)]).values()
        done.result(30)


@pytest.fixture
def lane(broker: str) -> Lane:
    return Lane(broker)


def test_records_trimmed_after_the_reading_began_are_passed_over(lane: Lane) -> None:
    lane.trim(5)
    place = (lane.topic, 0)
    assert [record.offset for record in read(lane.settings, {place: 0}, {place: 8})] == [5, 6, 7]


def test_a_follower_goes_on_where_a_lane_is_trimmed_before_it_comes_to_it(lane: Lane) -> None:
    with closing(Follower(lane.settings, [(lane.topic, 0)])) as follower:
        for end in range(8, 300):
            lane.append(1)
            lane.trim(end)
            follower.read(0)
        lane.append(1)
        until(lambda: any(record.offset == 300 for record in follower.read(0.5)), "the last record")
