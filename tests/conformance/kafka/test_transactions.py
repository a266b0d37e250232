"""What readers of committed records see of transactions, in memory as on a real Kafka."""

from typing import Any

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from tests.conformance.kafka.kafkas import Kafka, begun, ends, new, put, read, to_the_end, wait_until


def error_of(failed: pytest.ExceptionInfo[KafkaException]) -> Any:
    return failed.value.args[0]


def test_records_are_seen_once_they_are_committed_and_the_end_stands_past_the_marker(kafka: Kafka) -> None:
    topic, reader = kafka.topic(), kafka.reader()
    reader.assign([TopicPartition(topic, 0, 0)])
    writer = begun(kafka, new("id"))
    writer.produce(topic, b"1", b"k", 0)
    writer.produce(topic, b"2", b"k", 0)
    writer.flush(10)
    assert to_the_end(kafka, reader) == ([], 0)
    writer.commit_transaction(10)
    assert to_the_end(kafka, reader) == ([(0, b"1"), (1, b"2")], 3)


def test_aborted_records_are_never_seen_and_their_offsets_are_gone(kafka: Kafka) -> None:
    topic, writer = kafka.topic(), begun(kafka, new("id"))
    writer.produce(topic, b"no", b"k", 0)
    writer.flush(10)
    writer.abort_transaction(10)
    writer.begin_transaction()
    writer.produce(topic, b"yes", b"k", 0)
    writer.commit_transaction(10)
    assert read(kafka, topic) == ([(2, b"yes")], 4)
    assert read(kafka, topic, start=1) == ([(2, b"yes")], 4)


def test_what_was_aborted_before_it_left_the_client_takes_no_offset_or_only_unseen_ones(kafka: Kafka) -> None:
    topic, writer = kafka.topic(), begun(kafka, new("id"))
    writer.produce(topic, b"no", b"k", 0)
    writer.abort_transaction(10)
    put(kafka, topic, b"yes")
    seen, end = read(kafka, topic)
    assert [value for _, value in seen] == [b"yes"]
    assert end == seen[0][0] + 1


def test_an_undecided_transaction_hides_what_others_commit_behind_it(kafka: Kafka) -> None:
    topic, slow, quick = kafka.topic(), begun(kafka, new("slow")), begun(kafka, new("quick"))
    put(kafka, topic, b"before")
    slow.produce(topic, b"slow", b"k", 0)
    slow.flush(10)
    quick.produce(topic, b"quick", b"k", 0)
    quick.commit_transaction(10)
    put(kafka, topic, b"plain")
    assert read(kafka, topic) == ([(0, b"before")], 1)
    assert ends(kafka, topic, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED) == 1  # type: ignore[no-untyped-call]
    assert ends(kafka, topic, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED) == 5  # type: ignore[no-untyped-call]
    slow.commit_transaction(10)
    assert read(kafka, topic) == ([(0, b"before"), (1, b"slow"), (2, b"quick"), (4, b"plain")], 6)


def test_the_end_is_told_once_wherever_it_is_and_again_after_a_seek(kafka: Kafka) -> None:
    topic, reader = kafka.topic(), kafka.reader()
    put(kafka, topic, b"1")
    reader.assign([TopicPartition(topic, 0, 0)])
    assert to_the_end(kafka, reader) == ([(0, b"1")], 1)
    assert [reader.poll(0.05) for _ in range(5)] == [None] * 5
    put(kafka, topic, b"2")
    assert to_the_end(kafka, reader) == ([(1, b"2")], 2)
    reader.seek(TopicPartition(topic, 0, 1))
    assert to_the_end(kafka, reader) == ([(1, b"2")], 2)


def test_a_tombstone_is_a_message_although_it_is_falsy(kafka: Kafka) -> None:
    topic, reader = kafka.topic(), kafka.reader()
    put(kafka, topic, None, key=b"gone")
    reader.assign([TopicPartition(topic, 0, 0)])
    message = wait_until(kafka, lambda: reader.poll(0.05))
    assert not message
    assert (message.key(), message.value(), message.error()) == (b"gone", None, None)


def test_a_record_comes_as_it_was_written_with_the_brokers_time(kafka: Kafka) -> None:
    topic, reader, writer = kafka.topic(), kafka.reader(), begun(kafka, new("id"))
    reported: list[Any] = []
    writer.produce(topic, b"", b"k", 0, headers=[("a", b"1"), ("a", None)], on_delivery=lambda *at: reported.append(at))
    writer.commit_transaction(10)
    (error, report), = reported  # the commit has served it
    reader.assign([TopicPartition(topic, 0, 0)])
    message = wait_until(kafka, lambda: reader.poll(0.05))
    assert error is None
    assert (message.topic(), message.partition(), message.offset()) == (topic, 0, 0)
    assert (report.topic(), report.partition(), report.offset()) == (topic, 0, 0)
    assert message.headers() == [("a", b"1"), ("a", None)]
    assert (message.key(), message.value()) == (b"k", b"")
    assert message.timestamp()[0] == TIMESTAMP_LOG_APPEND_TIME
    assert report.timestamp() == message.timestamp()


def test_keys_are_placed_as_java_does(kafka: Kafka) -> None:
    topic, producer, placed = kafka.topic(partitions=6), kafka.producer(), dict[bytes, int]()
    for key in (b"order-1", b"order-2", b"a", "ü".encode()):
        producer.produce(topic, b"", key, on_delivery=lambda _, at: placed.update({at.key(): at.partition()}))
    assert producer.flush(10) == 0
    assert placed == {b"order-1": 4, b"order-2": 3, b"a": 4, "ü".encode(): 2}


def test_a_full_queue_takes_nothing_until_its_reports_are_heard(kafka: Kafka) -> None:
    topic, producer, heard = kafka.topic(), kafka.producer(room=3), list[int]()

    def produce() -> None:
        producer.produce(topic, b"", b"k", 0, on_delivery=lambda _, message: heard.append(message.offset()))

    for _ in range(3):
        produce()
    with pytest.raises(BufferError):
        produce()
    wait_until(kafka, lambda: producer.poll(0.05) >= 0 and len(heard) == 3)
    produce()
    assert producer.flush(10) == 0
    assert heard == [0, 1, 2, 3]


def test_a_partition_that_does_not_exist_takes_nothing(kafka: Kafka) -> None:
    topic, producer, codes = kafka.topic(), kafka.producer(), list[int]()
    wait_until(kafka, lambda: topic in producer.list_topics(topic, timeout=5).topics)
    try:
        producer.produce(topic, b"", b"k", 7, on_delivery=lambda error, _: codes.append(error.code()))
        producer.flush(10)
    except KafkaException as failed:
        codes.append(failed.args[0].code())
    assert codes == [KafkaError._UNKNOWN_PARTITION]


def test_a_commit_and_an_abort_without_any_record_are_fine(kafka: Kafka) -> None:
    writer = begun(kafka, new("id"))
    writer.commit_transaction(10)
    writer.begin_transaction()
    writer.abort_transaction(10)


def test_calls_out_of_order_are_refused(kafka: Kafka) -> None:
    topic, writer = kafka.topic(), kafka.writer(new("id"))
    with pytest.raises(KafkaException) as early:
        writer.begin_transaction()
    writer.init_transactions(10)
    with pytest.raises(KafkaException) as outside:
        writer.produce(topic, b"1", b"k", 0)
    writer.begin_transaction()
    with pytest.raises(KafkaException) as twice:
        writer.begin_transaction()
    for failed in (early, outside, twice):
        error = error_of(failed)
        assert error.code() == KafkaError._STATE
        assert (error.fatal(), error.retriable(), error.txn_requires_abort()) == (False, False, False)


def test_a_record_too_large_for_its_topic_must_be_aborted(kafka: Kafka) -> None:
    topic, writer = kafka.topic(max_message_bytes="1000"), begun(kafka, new("id"))
    reported: list[Any] = []
    writer.produce(topic, b"x" * 2000, b"k", 0, on_delivery=lambda *at: reported.append(at))
    with pytest.raises(KafkaException) as failed:
        writer.commit_transaction(10)
    assert error_of(failed).txn_requires_abort()
    assert [error.code() for error, _ in reported] == [KafkaError.MSG_SIZE_TOO_LARGE]
    writer.abort_transaction(10)
    assert read(kafka, topic)[0] == []
