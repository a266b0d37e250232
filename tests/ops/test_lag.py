"""How far groups are behind, as a reader of committed records sees it."""

from typing import Any

from confluent_kafka import Producer

from streams.contracts.names import lane
from streams.ops.lag import COUNTED
from streams.runtime import clients
from tests.ops.byhand import World


def _lag(world: World, group: str, topic: str) -> list[dict[str, Any]]:
    return [row for row in world.json("lag", group) if row["topic"] == topic]


def _transactional(world: World, name: str) -> Producer:
    own = {"transactional_id": world.names.group(name), "transaction_timeout_ms": 10_000}
    producer = clients.producer(world.settings, **own)
    producer.init_transactions(10)
    return producer


def test_every_partition_of_every_input_is_there_and_idle_ones_are_zero(world: World) -> None:
    rows = world.json("lag", "partner_y")
    assert rows[0].keys() == {"group", "topic", "partition", "records", "seconds"}
    topics = {row["topic"] for row in rows}
    own = ["lead.accepted.v1", "partner_y.lead.accepted.v1", lane("partner_y", 1), lane("partner_y", 2)]
    assert topics == {*own, "partner_y.control"}
    assert all((row["records"], row["seconds"]) == (0, 0) for row in rows if row["topic"] == "partner_y.control")


def test_unread_records_are_counted_with_the_age_of_the_oldest(world: World) -> None:
    first, *_, last = [world.write("provider.declined.v1", b"k", b"%d" % number) for number in range(5)]
    world.commit("leads", "provider.declined.v1", first.partition, first.offset + 2)
    row = _lag(world, "leads", "provider.declined.v1")[first.partition]
    assert row["records"] == last.offset - first.offset - 1
    assert 0 <= row["seconds"] < 60


def test_a_trailing_commit_marker_is_no_lag(world: World) -> None:
    producer = _transactional(world, "marker")
    producer.begin_transaction()
    producer.produce(world.names.topic("order.cancelled.v1"), b"{}", b"k", 0)
    producer.commit_transaction(10)
    world.commit("matching", "order.cancelled.v1", 0, 1)  # the marker stands at offset 1
    assert _lag(world, "matching", "order.cancelled.v1")[0]["records"] == 0


def test_aborted_and_undecided_records_are_no_lag(world: World) -> None:
    aborting, hanging = _transactional(world, "aborting"), _transactional(world, "hanging")
    for producer in (aborting, hanging):
        producer.begin_transaction()
        producer.produce(world.names.topic("provider.accepted.v1"), b"{}", b"k", 0)
        producer.flush(10)
    aborting.abort_transaction(10)
    assert _lag(world, "leads", "provider.accepted.v1")[0]["records"] == 0
    hanging.commit_transaction(10)
    assert _lag(world, "leads", "provider.accepted.v1")[0]["records"] == 1


def test_beyond_what_is_counted_offsets_are_subtracted(world: World) -> None:
    producer = clients.producer(world.settings, queue_buffering_max_messages=COUNTED * 2)
    for _ in range(COUNTED + 7):
        producer.produce(world.names.topic("lead.cancel"), b"{}", b"k", 1)
    assert producer.flush(30) == 0
    assert _lag(world, "leads", "lead.cancel")[1]["records"] == COUNTED + 7


def test_a_group_that_is_up_to_date_is_not_in_the_table(world: World) -> None:
    assert world.run("lag", "lead.notify_candidates").stdout == "nobody is behind\n"
