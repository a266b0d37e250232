"""Who reads what: the range assignor, callbacks, static members, in memory as on a real Kafka."""

from typing import Any

from confluent_kafka import OFFSET_INVALID, KafkaError, TopicPartition

from tests.conformance.kafka.kafkas import (
    SESSION_S,
    Heard,
    Kafka,
    joined,
    joined_beside,
    new,
    polled_until,
    put,
    wait_until,
)


def everything(topic: str, *numbers: int) -> list[tuple[str, int]]:
    return [(topic, number) for number in numbers]


def test_a_member_alone_has_every_partition_of_every_topic(kafka: Kafka) -> None:
    one, two = sorted([kafka.topic(partitions=2), kafka.topic(partitions=2)])
    member = joined(kafka, new("group"), "a", one, two)
    assert member.log == [("assign", [*everything(one, 0, 1), *everything(two, 0, 1)])]


def test_callbacks_run_only_inside_poll(kafka: Kafka) -> None:
    member = Heard(kafka.member(new("group"), "a"), kafka.topic())
    kafka.sleep(1.0)
    assert member.log == []
    polled_until(kafka, lambda: bool(member.log), member)


def test_offsets_can_be_asked_for_and_committed_inside_the_callback(kafka: Kafka) -> None:
    topic, consumer, offsets = kafka.topic(), kafka.member(new("group"), "a"), list[int]()

    def begin(_: Any, parts: list[TopicPartition]) -> None:
        for _ in range(2):
            offsets.extend(part.offset for part in consumer.committed(parts, timeout=5))
            consumer.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)

    consumer.subscribe([topic], on_assign=begin)
    wait_until(kafka, lambda: consumer.poll(0.05) is None and len(offsets) == 2)
    assert offsets == [OFFSET_INVALID, 3]


def test_topics_of_equal_counts_are_shared_out_together_partition_by_partition(kafka: Kafka) -> None:
    one, two, group = kafka.topic(partitions=3), kafka.topic(partitions=3), new("group")
    first = joined(kafka, group, "a", one, two)
    second = joined_beside(kafka, first, group, "b", one, two)
    assert first.places == sorted([*everything(one, 0, 1), *everything(two, 0, 1)])
    assert second.places == sorted([*everything(one, 2), *everything(two, 2)])
    assert [what for what, _ in first.log] == ["assign", "revoke", "assign"]


def test_a_member_too_many_is_assigned_nothing_and_is_told_so(kafka: Kafka) -> None:
    topic, group = kafka.topic(), new("group")
    first = joined(kafka, group, "a", topic)
    second = Heard(kafka.member(group, "b"), topic)
    polled_until(kafka, lambda: bool(second.log) and len(first.log) >= 3, first, second)
    assert first.places == everything(topic, 0)
    assert second.log == [("assign", [])]


def test_a_restarted_static_member_has_its_partitions_at_once_and_the_others_notice_nothing(kafka: Kafka) -> None:
    topic, group = kafka.topic(partitions=2), new("group")
    first = joined(kafka, group, "a", topic)
    second = joined_beside(kafka, first, group, "b", topic)
    before, said = second.consumer.consumer_group_metadata(), len(second.log)
    first.consumer.close()
    again = joined(kafka, group, "a", topic)
    assert again.places == everything(topic, 0)
    for _ in range(20):
        second.consumer.poll(0.05)
    assert len(second.log) == said
    assert second.places == everything(topic, 1)
    assert before is not None


def test_closing_tells_what_is_given_up(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    member = joined(kafka, new("group"), "a", topic)
    member.consumer.close()
    assert member.log[-1] == ("revoke", everything(topic, 0, 1))


def test_a_static_member_that_is_gone_is_missed_after_its_session_and_the_others_take_over(kafka: Kafka) -> None:
    topic, group = kafka.topic(partitions=2), new("group")
    first = joined(kafka, group, "a", topic)
    second = joined_beside(kafka, first, group, "b", topic)
    first.consumer.close()
    for _ in range(5):
        second.consumer.poll(0.1)
        kafka.sleep(0.01)
    assert second.places == everything(topic, 1), "not before its session is over"
    polled_until(kafka, lambda: second.places == everything(topic, 0, 1), second)


def test_a_member_outlives_a_pause_between_polls(kafka: Kafka) -> None:
    topic = kafka.topic()
    member = joined(kafka, new("group"), "a", topic)
    kafka.sleep(2 * SESSION_S)
    put(kafka, topic, b"1")
    found = wait_until(kafka, lambda: member.next_value())
    assert (found, len(member.log)) == (b"1", 1)
    assert KafkaError._FATAL not in [error.code() for error in member.errors]
