"""Who may still write: each way to be shut out has an error of its own, in memory as on a real Kafka."""

from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from tests.conformance.kafka.kafkas import (
    SESSION_S,
    Kafka,
    begun,
    joined,
    joined_beside,
    new,
    read,
    refusal,
    wait_until,
)


def flags(error: Any) -> tuple[bool, bool, bool]:
    """fatal, retriable, to be aborted"""
    return error.fatal(), error.retriable(), error.txn_requires_abort()


FATAL, ABORT = (True, False, False), (False, False, True)


def test_a_new_producer_of_the_same_id_aborts_what_is_open_and_fences_the_older_one(kafka: Kafka) -> None:
    topic, id = kafka.topic(), new("id")
    older = begun(kafka, id)
    older.produce(topic, b"older", b"k", 0)
    older.flush(10)
    newer = begun(kafka, id)
    newer.produce(topic, b"newer", b"k", 0)
    newer.commit_transaction(10)
    error = refusal(older.commit_transaction, 10)
    assert (error.code(), flags(error)) == (KafkaError._FENCED, FATAL)
    assert [value for _, value in read(kafka, topic)[0]] == [b"newer"]


def test_a_fenced_producer_is_ended_for_good(kafka: Kafka) -> None:
    topic, id = kafka.topic(), new("id")
    older = begun(kafka, id)
    older.produce(topic, b"older", b"k", 0)
    older.flush(10)
    begun(kafka, id)
    refusal(older.commit_transaction, 10)
    for call in (older.begin_transaction, older.commit_transaction, older.abort_transaction):
        assert flags(refusal(call)) == FATAL


def test_a_fenced_producer_that_sends_offsets_is_ended_too(kafka: Kafka) -> None:
    topic, group, id = kafka.topic(), new("group"), new("id")
    member = joined(kafka, group, "a", topic)
    older = begun(kafka, id)
    begun(kafka, id)
    error = refusal(
        older.send_offsets_to_transaction, [TopicPartition(topic, 0, 1)], member.consumer.consumer_group_metadata(), 10
    )
    assert (error.code(), flags(error)) == (KafkaError._FENCED, FATAL)


def test_a_transaction_left_open_too_long_is_aborted_and_its_producer_fenced(kafka: Kafka) -> None:
    topic, writer = kafka.topic(), begun(kafka, new("id"), timeout_s=1.0)
    writer.produce(topic, b"late", b"k", 0)
    writer.flush(10)
    wait_until(kafka, lambda: read(kafka, topic)[1] == 2)
    error = refusal(writer.commit_transaction, 10)
    assert (error.code(), flags(error)) == (KafkaError._FENCED, FATAL)
    assert read(kafka, topic) == ([], 2)


def test_offsets_of_a_generation_that_is_over_are_refused_and_the_transaction_can_be_aborted(kafka: Kafka) -> None:
    topic, group = kafka.topic(partitions=2), new("group")
    first = joined(kafka, group, "a", topic)
    stale = first.consumer.consumer_group_metadata()
    second = joined_beside(kafka, first, group, "b", topic)
    assert first.places != second.places
    writer = begun(kafka, new("id"))
    error = refusal(writer.send_offsets_to_transaction, [TopicPartition(topic, 0, 1)], stale, 10)
    assert (error.code(), flags(error)) == (KafkaError.ILLEGAL_GENERATION, ABORT)
    writer.abort_transaction(10)
    writer.begin_transaction()
    now = first.consumer.consumer_group_metadata()
    writer.send_offsets_to_transaction([TopicPartition(topic, 0, 1)], now, 10)
    writer.commit_transaction(10)


def test_offsets_sent_before_a_rebalance_count_after_it(kafka: Kafka) -> None:
    topic, group = kafka.topic(partitions=2), new("group")
    first = joined(kafka, group, "a", topic)
    writer = begun(kafka, new("id"))
    now = first.consumer.consumer_group_metadata()
    writer.send_offsets_to_transaction([TopicPartition(topic, 0, 7)], now, 10)
    joined_beside(kafka, first, group, "b", topic)
    writer.commit_transaction(10)
    (found,) = wait_until(kafka, lambda: first.consumer.committed([TopicPartition(topic, 0)], timeout=5))
    assert found.offset == 7


def test_a_restarted_static_member_fences_the_older_one_as_a_message_and_in_its_offsets(kafka: Kafka) -> None:
    topic, group = kafka.topic(), new("group")
    older = joined(kafka, group, "a", topic)
    before = older.consumer.consumer_group_metadata()
    newer = joined(kafka, group, "a", topic)
    assert newer.places == [(topic, 0)]
    writer = begun(kafka, new("id"))
    error = refusal(writer.send_offsets_to_transaction, [TopicPartition(topic, 0, 1)], before, 10)
    assert (error.code(), flags(error)) == (KafkaError.FENCED_INSTANCE_ID, ABORT)
    error = fatal_of(kafka, older)
    assert (error.code(), error.fatal()) == (KafkaError._FATAL, False), "its code says it, its flag does not"


def fatal_of(kafka: Kafka, member: Any) -> Any:
    """The error that ends this member."""

    def step() -> Any:
        message = member.consumer.poll(0.05)
        if message is None or message.error() is None or message.error().code() == KafkaError._PARTITION_EOF:
            return None
        return message.error()

    return wait_until(kafka, step)


def test_a_member_that_the_group_does_not_know_is_refused(kafka: Kafka) -> None:
    topic, group = kafka.topic(), new("group")
    member = joined(kafka, group, "a", topic)
    before = member.consumer.consumer_group_metadata()
    member.consumer.close()
    kafka.sleep(2 * SESSION_S)
    writer = begun(kafka, new("id"))
    error = refusal(writer.send_offsets_to_transaction, [TopicPartition(topic, 0, 1)], before, 10)
    assert (error.code(), flags(error)) == (KafkaError.UNKNOWN_MEMBER_ID, ABORT)
