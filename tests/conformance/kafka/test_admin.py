"""What brokers tell of topics and partitions, in memory as on a real Kafka."""

import pytest
from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from tests.conformance.kafka.kafkas import Kafka, begun, ends, new, put, wait_until

COMMITTED, UNCOMMITTED = IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED
FIRST, LAST = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]


def test_an_empty_partition_begins_and_ends_at_zero(kafka: Kafka) -> None:
    topic = kafka.topic()
    assert [ends(kafka, topic, spec, level) for spec in (FIRST, LAST) for level in (COMMITTED, UNCOMMITTED)] == [0] * 4


def test_the_end_counts_markers_and_at_its_level_what_is_undecided(kafka: Kafka) -> None:
    topic, writer = kafka.topic(), begun(kafka, new("id"))
    writer.produce(topic, b"1", b"k", 0)
    writer.commit_transaction(10)
    writer.begin_transaction()
    writer.produce(topic, b"2", b"k", 0)
    writer.flush(10)
    wait_until(kafka, lambda: ends(kafka, topic, LAST, COMMITTED) == 2)
    assert ends(kafka, topic, LAST, UNCOMMITTED) == 3
    writer.abort_transaction(10)
    wait_until(kafka, lambda: ends(kafka, topic, LAST, COMMITTED) == 4)  # the marker comes after the answer
    assert ends(kafka, topic, LAST, UNCOMMITTED) == 4


def test_deleted_records_move_the_beginning_and_not_the_end(kafka: Kafka) -> None:
    topic = kafka.topic()
    put(kafka, topic, b"1", b"2", b"3")
    (deleted,) = kafka.admin().delete_records([TopicPartition(topic, 0, 2)]).values()
    deleted.result(10)
    assert (ends(kafka, topic, FIRST, UNCOMMITTED), ends(kafka, topic, LAST, UNCOMMITTED)) == (2, 3)
    assert kafka.reader().get_watermark_offsets(TopicPartition(topic, 0), timeout=10) == (2, 3)


def test_records_cannot_be_deleted_beyond_the_end(kafka: Kafka) -> None:
    topic = kafka.topic()
    put(kafka, topic, b"1")
    (deleted,) = kafka.admin().delete_records([TopicPartition(topic, 0, 5)]).values()
    with pytest.raises(KafkaException) as failed:
        deleted.result(10)
    assert failed.value.args[0].code() == KafkaError.OFFSET_OUT_OF_RANGE


def test_every_topic_is_listed_with_its_partitions(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=3)
    for client in (kafka.admin(), kafka.reader()):
        assert sorted(client.list_topics(timeout=10).topics[topic].partitions) == [0, 1, 2]


def test_a_topic_made_anew_has_another_id(kafka: Kafka) -> None:
    topic = kafka.topic()

    def id_of() -> str:
        described = kafka.admin().describe_topics(TopicCollection([topic]))
        return str(described[topic].result(10).topic_id)

    before = id_of()
    assert id_of() == before
    kafka.remake(topic)
    assert id_of() != before
