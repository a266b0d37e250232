"""Clients whose process is killed or frozen: what the broker does meanwhile, and what they find when they go on."""

from datetime import timedelta

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.testing.cluster import Cluster
from streams.testing.errors import retriable
from streams.testing.process import Killed, Phase, Process
from tests.conformance.kafka.kafkas import Heard

TOPIC, GROUP, SESSION_S, TRANSACTION_S = "topic", "group", 6.0, 10.0
SECOND = timedelta(seconds=1)


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.create(TOPIC, 2)
    return cluster


def member(cluster: Cluster, process: Process, instance: str) -> Heard:
    heard = Heard(cluster.consumer(process, GROUP, instance=instance, session_s=SESSION_S), TOPIC)
    heard.consumer.poll(0)
    return heard


def told(heard: Heard) -> list[str]:
    """What its callbacks heard, and the code of an error where one came."""
    message = heard.consumer.poll(0)
    error = None if message is None else message.error()
    codes = [error.name()] if error is not None and error.code() != KafkaError._PARTITION_EOF else []
    return [what for what, _ in heard.log] + codes


def test_a_dead_process_calls_nothing_any_more(cluster: Cluster) -> None:
    process = Process()
    heard = member(cluster, process, "a")
    process.kill()
    with pytest.raises(Killed):
        heard.consumer.poll(0)


def test_a_dead_members_partitions_are_given_away_after_its_session(cluster: Cluster) -> None:
    dying, living = Process(), Process()
    first, second = member(cluster, dying, "a"), member(cluster, living, "b")
    first.consumer.poll(0)
    second.consumer.poll(0)
    assert second.places == [(TOPIC, 1)]
    dying.kill()
    cluster.clock.sleep(SESSION_S - 0.1)
    second.consumer.poll(0)
    assert second.places == [(TOPIC, 1)]
    cluster.clock.sleep(0.1)
    second.consumer.poll(0)
    assert second.places == [(TOPIC, 0), (TOPIC, 1)]


def test_a_dead_writers_transaction_is_aborted_when_its_time_is_over(cluster: Cluster) -> None:
    dying = Process()
    writer = cluster.producer(dying, "id", timeout_s=TRANSACTION_S)
    writer.init_transactions()
    writer.begin_transaction()
    writer.produce(TOPIC, b"1", b"k", 0)
    dying.kill()
    log = cluster.topics.log((TOPIC, 0))
    cluster.clock.sleep(TRANSACTION_S - 0.1)
    assert (log.stable_end, log.end) == (0, 1)
    cluster.clock.sleep(0.1)
    assert (log.stable_end, log.end) == (2, 2)
    assert list(log.read(0, log.end)) == []


def test_a_short_freeze_changes_nothing(cluster: Cluster) -> None:
    process = Process()
    heard = member(cluster, process, "a")
    process.freeze()
    cluster.clock.sleep(SESSION_S - 1)
    process.thaw()
    cluster.clock.sleep(SESSION_S)
    assert told(heard) == ["assign"]


def test_who_wakes_after_its_session_has_lost_everything_and_joins_again(cluster: Cluster) -> None:
    process = Process()
    heard = member(cluster, process, "a")
    process.freeze()
    cluster.clock.sleep(SESSION_S + 1)
    process.thaw()
    assert told(heard) == ["assign", "lost", "assign"]


def test_a_zombie_that_wakes_within_its_session_is_fenced_by_its_successor(cluster: Cluster) -> None:
    sleeping = Process()
    older = member(cluster, sleeping, "a")
    sleeping.freeze()
    cluster.clock.sleep(1)
    newer = member(cluster, Process(), "a")
    sleeping.thaw()
    assert told(older) == ["assign", "_FATAL"]
    assert told(newer) == ["assign"]


def test_a_zombie_that_wakes_after_its_session_and_polls_fences_its_successor(cluster: Cluster) -> None:
    """Which is why an engine ends before it polls again."""
    sleeping = Process()
    older = member(cluster, sleeping, "a")
    sleeping.freeze()
    cluster.clock.sleep(SESSION_S + 1)
    newer = member(cluster, Process(), "a")
    sleeping.thaw()
    assert told(older) == ["assign", "lost", "assign"]
    assert told(newer) == ["assign", "_FATAL"]


def test_a_commit_whose_answer_is_lost_has_happened_and_may_be_asked_again(cluster: Cluster) -> None:
    process, answers = Process(), ["lost", "heard"]
    writer = cluster.producer(process, "id")
    writer.init_transactions()
    writer.begin_transaction()
    writer.produce(TOPIC, b"1", b"k", 0)

    def fate(call: str, phase: Phase) -> None:
        if (call, phase) == ("producer.commit_transaction", "after") and answers.pop(0) == "lost":
            raise retriable(KafkaError._TIMED_OUT, "no answer")

    process.fate = fate
    with pytest.raises(KafkaException) as failed:
        writer.commit_transaction(1)
    assert failed.value.args[0].retriable()
    writer.commit_transaction(1)
    log = cluster.topics.log((TOPIC, 0))
    assert ([record.value for record in log.read(0, log.end)], log.end) == ([b"1"], 2)
    writer.begin_transaction()


def test_markers_may_come_after_the_answer_and_the_next_transaction_waits_for_them(cluster: Cluster) -> None:
    cluster.transactions.delay_s = lambda: 2.0
    writer, log = cluster.producer(Process(), "id"), cluster.topics.log((TOPIC, 0))
    writer.init_transactions()
    writer.begin_transaction()
    writer.produce(TOPIC, b"1", b"k", 0)
    writer.commit_transaction()
    assert (log.stable_end, log.end) == (0, 1)
    began = cluster.clock.now()
    writer.begin_transaction()
    writer.produce(TOPIC, b"2", b"k", 0)
    assert cluster.clock.now() - began == 2 * SECOND
    assert [record.offset for record in log.read(0, log.stable_end)] == [0]


def test_offsets_are_undecided_until_their_marker_has_come(cluster: Cluster) -> None:
    cluster.transactions.delay_s = lambda: 2.0
    heard, writer = member(cluster, Process(), "a"), cluster.producer(Process(), "id")
    writer.init_transactions()
    writer.begin_transaction()
    writer.send_offsets_to_transaction([TopicPartition(TOPIC, 0, 5)], heard.consumer.consumer_group_metadata())
    writer.commit_transaction()
    with pytest.raises(KafkaException):
        heard.consumer.committed([TopicPartition(TOPIC, 0)], timeout=1)
    assert heard.consumer.committed([TopicPartition(TOPIC, 0)], timeout=1)[0].offset == 5
