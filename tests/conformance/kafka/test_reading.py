"""Standing, pausing and going back in a partition, and the group's offsets, in memory as on a real Kafka."""

import pytest
from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

from tests.conformance.kafka.kafkas import (
    Kafka,
    begun,
    joined,
    joined_beside,
    new,
    put,
    read,
    refusal,
    to_the_end,
    values,
    wait_until,
)


def test_a_paused_partition_brings_nothing_and_goes_on_where_it_stood(kafka: Kafka) -> None:
    topic, reader = kafka.topic(), kafka.reader()
    put(kafka, topic, b"1", b"2", b"3")
    reader.assign([TopicPartition(topic, 0, 0)])
    assert wait_until(kafka, lambda: reader.poll(0.05)).value() == b"1"
    reader.pause([TopicPartition(topic, 0)])
    assert [reader.poll(0.02) for _ in range(10)] == [None] * 10
    reader.resume([TopicPartition(topic, 0)])
    assert to_the_end(kafka, reader) == ([(1, b"2"), (2, b"3")], 3)


def test_of_two_partitions_only_the_paused_one_is_silent(kafka: Kafka) -> None:
    topic, reader = kafka.topic(partitions=2), kafka.reader()
    put(kafka, topic, b"0")
    put(kafka, topic, b"1", partition=1)
    reader.assign([TopicPartition(topic, 0, 0), TopicPartition(topic, 1, 0)])
    reader.pause([TopicPartition(topic, 0)])
    assert to_the_end(kafka, reader) == ([(0, b"1")], 1)
    assert [reader.poll(0.02) for _ in range(5)] == [None] * 5


def test_a_seek_of_a_paused_partition_counts_when_it_is_resumed(kafka: Kafka) -> None:
    topic, reader = kafka.topic(), kafka.reader()
    put(kafka, topic, b"1", b"2")
    reader.assign([TopicPartition(topic, 0, 0)])
    assert to_the_end(kafka, reader)[1] == 2
    reader.pause([TopicPartition(topic, 0)])
    reader.seek(TopicPartition(topic, 0, 1))
    assert [reader.poll(0.02) for _ in range(5)] == [None] * 5
    reader.resume([TopicPartition(topic, 0)])
    assert to_the_end(kafka, reader) == ([(1, b"2")], 2)


def test_what_is_not_assigned_cannot_be_sought(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    member = joined(kafka, new("group"), "a", topic)
    member.consumer.assign([TopicPartition(topic, 0, 0)])
    error = refusal(member.consumer.seek, TopicPartition(topic, 1, 0))
    assert error.code() in (KafkaError._STATE, KafkaError._UNKNOWN_PARTITION)
    assert not error.fatal()


def test_pausing_and_resuming_what_is_not_assigned_is_no_failure(kafka: Kafka) -> None:
    topic, reader = kafka.topic(partitions=2), kafka.reader()
    reader.assign([TopicPartition(topic, 0, 0)])
    reader.pause([TopicPartition(topic, 1)])
    reader.resume([TopicPartition(topic, 1)])


def test_consume_without_waiting_brings_what_is_there(kafka: Kafka) -> None:
    topic, reader = kafka.topic(), kafka.reader()
    reader.assign([TopicPartition(topic, 0, 0)])
    assert to_the_end(kafka, reader) == ([], 0)
    assert reader.consume(10, 0) == []
    put(kafka, topic, b"1", b"2", b"3")
    seen: list[bytes] = []

    def take() -> bool:
        found = values(reader.consume(2, 0))
        assert len(found) <= 2
        seen.extend(found)
        return len(seen) == 3

    wait_until(kafka, take)
    assert seen == [b"1", b"2", b"3"]


def test_an_offset_that_is_not_kept_any_more_comes_as_an_error(kafka: Kafka) -> None:
    topic, reader = kafka.topic(), kafka.reader()
    put(kafka, topic, b"1", b"2", b"3")
    (deleted,) = kafka.admin().delete_records([TopicPartition(topic, 0, 2)]).values()
    deleted.result(10)
    reader.assign([TopicPartition(topic, 0, 0)])
    message = wait_until(kafka, lambda: reader.poll(0.05))
    assert message.error().code() == KafkaError._AUTO_OFFSET_RESET
    assert read(kafka, topic, start=OFFSET_BEGINNING) == ([(2, b"3")], 3)


def test_an_offset_beyond_the_end_comes_as_an_error(kafka: Kafka) -> None:
    topic, reader = kafka.topic(), kafka.reader()
    put(kafka, topic, b"1")
    reader.assign([TopicPartition(topic, 0, 5)])
    assert wait_until(kafka, lambda: reader.poll(0.05)).error().code() == KafkaError._AUTO_OFFSET_RESET


def test_offsets_are_as_committed_and_none_where_there_are_none(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    member = joined(kafka, new("group"), "a", topic)
    member.consumer.commit(offsets=[TopicPartition(topic, 1, 5)], asynchronous=False)
    found = member.consumer.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], timeout=5)
    assert [part.offset for part in found] == [OFFSET_INVALID, 5]
    assert [part.error for part in found] == [None, None]


@pytest.mark.parametrize("decision", ["commit", "abort"])
def test_offsets_are_not_told_while_a_transaction_has_not_decided_them(kafka: Kafka, decision: str) -> None:
    topic = kafka.topic(partitions=2)
    consumer = joined(kafka, new("group"), "a", topic).consumer
    consumer.commit(offsets=[TopicPartition(topic, 0, 1), TopicPartition(topic, 1, 1)], asynchronous=False)
    writer = begun(kafka, new("id"))
    writer.send_offsets_to_transaction([TopicPartition(topic, 0, 7)], consumer.consumer_group_metadata(), 10)
    undecided = refusal(consumer.committed, [TopicPartition(topic, 0)], 0.5)
    assert (undecided.code(), undecided.fatal()) == (KafkaError._TIMED_OUT, False)
    assert consumer.committed([TopicPartition(topic, 1)], timeout=5)[0].offset == 1
    (writer.commit_transaction if decision == "commit" else writer.abort_transaction)(10)
    expected = 7 if decision == "commit" else 1

    def decided() -> int | None:
        try:
            return int(consumer.committed([TopicPartition(topic, 0)], timeout=1)[0].offset)
        except KafkaException:
            return None

    assert wait_until(kafka, decided) == expected


def test_the_offsets_of_a_dead_writer_are_told_once_the_broker_has_aborted_it(kafka: Kafka) -> None:
    topic = kafka.topic()
    consumer = joined(kafka, new("group"), "a", topic).consumer
    writer = begun(kafka, new("id"), timeout_s=1.0)
    writer.send_offsets_to_transaction([TopicPartition(topic, 0, 7)], consumer.consumer_group_metadata(), 10)
    assert refusal(consumer.committed, [TopicPartition(topic, 0)], 0.3).code() == KafkaError._TIMED_OUT
    assert consumer.committed([TopicPartition(topic, 0)], timeout=10)[0].offset == OFFSET_INVALID


def test_a_new_writer_of_the_id_decides_the_offsets_of_the_dead_one(kafka: Kafka) -> None:
    topic, id = kafka.topic(), new("id")
    consumer = joined(kafka, new("group"), "a", topic).consumer
    writer = begun(kafka, id)
    writer.send_offsets_to_transaction([TopicPartition(topic, 0, 7)], consumer.consumer_group_metadata(), 10)
    begun(kafka, id)
    assert consumer.committed([TopicPartition(topic, 0)], timeout=10)[0].offset == OFFSET_INVALID


def test_a_commit_of_a_generation_that_is_over_is_refused(kafka: Kafka) -> None:
    topic, group = kafka.topic(), new("group")
    first = joined(kafka, group, "a", topic)
    joined_beside(kafka, first, group, "b", topic)
    older = first.consumer
    newer = joined(kafka, group, "a", topic)
    error = refusal(lambda: older.commit(offsets=[TopicPartition(topic, 0, 5)], asynchronous=False))
    assert error.code() in (KafkaError.FENCED_INSTANCE_ID, KafkaError._FATAL, KafkaError._FENCED)
    assert newer.consumer.committed([TopicPartition(topic, 0)], timeout=5)[0].offset == OFFSET_INVALID


def test_what_was_paused_at_its_end_stands_behind_the_marker_also_where_all_before_it_was_deleted(kafka: Kafka) -> None:
    topic, reader, writer = kafka.topic(), kafka.reader(), begun(kafka, new("id"))
    writer.produce(topic, b"1", b"k", 0)
    writer.commit_transaction(10)
    wait_until(kafka, lambda: read(kafka, topic) == ([(0, b"1")], 2))  # the marker comes after the answer
    reader.assign([TopicPartition(topic, 0, 0)])
    assert to_the_end(kafka, reader) == ([(0, b"1")], 2)
    reader.pause([TopicPartition(topic, 0)])
    (deleted,) = kafka.admin().delete_records([TopicPartition(topic, 0, 2)]).values()
    deleted.result(10)
    reader.resume([TopicPartition(topic, 0)])
    assert to_the_end(kafka, reader) == ([], 2), "told again after a pause"
    put(kafka, topic, b"2")
    assert to_the_end(kafka, reader) == ([(2, b"2")], 3)


def test_compaction_leaves_the_newest_of_each_key_at_its_offset(kafka: Kafka) -> None:
    topic = kafka.compacted()
    wait_until(kafka, lambda: (0, b"1") not in read(kafka, topic)[0])
    seen, end = read(kafka, topic)
    assert seen[:2] == [(4, b"3"), (5, b"3")]
    assert end >= 6
