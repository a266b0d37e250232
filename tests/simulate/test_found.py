"""What seeds have found, each as the story of its own that it is."""

from functools import partial

import pytest
from confluent_kafka import TopicPartition

from streams.contracts.names import Names
from streams.runtime.positions import Positions
from streams.runtime.transaction import Crash
from streams.runtime.watchdog import SESSION_S
from streams.testing.clock import VirtualClock
from streams.testing.cluster import Cluster
from streams.testing.process import Process
from tests.simulate import apps
from tests.simulate.world import World


def test_a_worker_that_was_replaced_while_it_asked_does_not_say_that_offsets_were_lost() -> None:
    """Seed 494: it froze between the group's offsets and the ends of its changelog, and stopped for good."""
    cluster, process = Cluster(VirtualClock()), Process("late")
    for topic in apps.cluster_topics(1):
        cluster.create(topic.name, topic.partitions, topic.config)
    consumer, admin = cluster.consumer(process, "leads", instance="leads-0"), cluster.admin(process)
    stanza = apps.topology(1).stanzas["leads"]
    positions = Positions(consumer, admin, Names(), stanza, cluster.clock)
    topics = [source.topic for source in stanza.sources]
    process.freeze_at("before admin.list_offsets", partial(_work_meanwhile, cluster, topics))
    assert positions.begin([(topic, 0) for topic in topics], topics) == dict.fromkeys(((t, 0) for t in topics), 0)


def test_a_worker_waits_for_the_first_offsets_no_longer_than_their_owner_can_come_back_unheard() -> None:
    """Seed 1405: the first one died before it had committed them, and nobody could take its place for a minute.

    Whoever waits in its callback does not join the rebalance that would give the first task to somebody else.
    """
    cluster, process = Cluster(VirtualClock()), Process("second")
    for topic in apps.cluster_topics(2):
        cluster.create(topic.name, topic.partitions, topic.config)
    consumer, admin = cluster.consumer(process, "leads", instance="leads-1"), cluster.admin(process)
    stanza = apps.topology(2).stanzas["leads"]
    positions = Positions(consumer, admin, Names(), stanza, cluster.clock)
    topics = [source.topic for source in stanza.sources]
    with pytest.raises(Crash, match="nobody committed the first offsets"):
        positions.begin([(topic, 1) for topic in topics], topics)
    assert SESSION_S < cluster.clock.monotonic() < 3 * SESSION_S


def test_nobody_is_at_rest_while_somebody_comes_back() -> None:
    """Seed 1405 again: a worker crashed after a minute without any write, and was judged before it was back."""
    world = World(0)
    world.heal()
    seat, long_after_all_writes = world.seats[0], 16
    world.clock.after(long_after_all_writes, lambda: world._come_back(seat))
    world.rest()
    assert seat.worker is not None


def _work_meanwhile(cluster: Cluster, topics: list[str]) -> None:
    successor = Process("successor")
    cluster.consumer(successor, "leads").commit([TopicPartition(topic, 0, 0) for topic in topics])
    cluster.producer(successor).produce("leads.changelog", b"value", b"state\0key", 0)
