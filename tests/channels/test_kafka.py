"""A Kafka channel against a real broker."""

import json
import socket
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from streams.channels import ChannelError, open_channel
from streams.channels.kafka import Kafka
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.failure import TryLater, Unreachable
from streams.runtime import clients
from streams.runtime.outside import Cluster
from tests.channels.deliveries import FIELDS, delivery


def settings_of(broker: str, topic: str, **config: str) -> Settings:
    settings = Settings(broker=broker, prefix=f"t{uuid4().hex[:8]}.")
    names = [NewTopic(name, 3, 1, config=config) for name in (settings.prefix + topic, topic)]
    admin = clients.admin(settings)
    for made in admin.create_topics(names).values():
        made.result()
    return settings


def records(settings: Settings, topic: str) -> list[Any]:
    cluster = Cluster(settings)
    return list(cluster.read(cluster.places(topic)))


async def test_a_record_is_forwarded_as_it_is_with_its_key_and_id(broker: str) -> None:
    topic = f"incoming-{uuid4().hex}"
    settings = settings_of(broker, topic)
    kafka = open_channel(Channel("kafka", "same", {"topic": topic}), settings, {})
    await kafka.deliver(delivery("id-1", b"\0\0\0\0\7bytes", ce_id=b"id-1", traceparent=b"00-x"))
    await kafka.close()
    [record] = records(settings, topic)
    assert record.key == b"lead-1"
    assert record.value == b"\0\0\0\0\7bytes"
    assert record.headers == [("ce_id", b"id-1"), ("traceparent", b"00-x")]


async def test_deliveries_of_a_key_arrive_in_their_order(broker: str) -> None:
    topic = f"incoming-{uuid4().hex}"
    settings = settings_of(broker, topic)
    kafka = Kafka(Channel("kafka", "same", {"topic": topic}), settings, {})
    for number in range(50):
        await kafka.deliver(delivery(str(number), str(number).encode()))
    await kafka.close()
    assert [record.value for record in records(settings, topic)] == [str(number).encode() for number in range(50)]


async def test_a_record_without_headers_gets_its_id(broker: str) -> None:
    topic = f"incoming-{uuid4().hex}"
    settings = settings_of(broker, topic)
    kafka = Kafka(Channel("kafka", "same", {"topic": topic}), settings, {})
    await kafka.deliver(delivery("order.placed.v1-0-17"))
    await kafka.close()
    assert records(settings, topic)[0].headers == [("ce_id", b"order.placed.v1-0-17")]


async def test_a_record_as_cloudevents_says_so_in_its_headers_and_keeps_the_others(broker: str) -> None:
    topic = f"incoming-{uuid4().hex}"
    settings = settings_of(broker, topic)
    kafka = Kafka(Channel("kafka", "same", {"topic": topic, "format": "cloudevents"}), settings, {})
    await kafka.deliver(delivery("id-1", ce_id=b"id-1", **{"content-type": b"application/avro"}))
    await kafka.close()
    [record] = records(settings, topic)
    assert record.headers == [("ce_id", b"id-1"), ("content-type", b"application/cloudevents+json")]
    assert json.loads(record.value)["data"] == FIELDS


@pytest.mark.parametrize("form", ["avro", "cloudevents"])
async def test_a_record_says_the_type_of_its_event_and_not_of_the_topic_where_it_waited(broker: str, form: str) -> None:
    topic = f"incoming-{uuid4().hex}"
    settings = settings_of(broker, topic)
    kafka = Kafka(Channel("kafka", "same", {"topic": topic, "format": form}), settings, {})
    await kafka.deliver(delivery("id-1", ce_id=b"id-1", ce_type=b"acme.lead.accepted.v1", ce_source=b"acme"))
    await kafka.close()
    [record] = records(settings, topic)
    assert record.headers[:3] == [("ce_id", b"id-1"), ("ce_type", b"lead.accepted.v1"), ("ce_source", b"acme")]


async def test_another_cluster_is_named_by_its_address_and_knows_no_prefix_of_ours(broker: str) -> None:
    topic = f"incoming-{uuid4().hex}"
    settings = settings_of(broker, topic)
    kafka = Kafka(Channel("kafka", broker, {"topic": topic}), Settings(broker="127.0.0.1:1", prefix="ours."), {})
    await kafka.deliver(delivery())
    await kafka.close()
    assert records(settings, topic) == []
    assert len(records(Settings(broker=broker), topic)) == 1


async def test_a_cluster_that_does_not_answer_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    spec = Channel("kafka", f"127.0.0.1:{port}", {"topic": "leads"}, timedelta(seconds=0.5))
    kafka = Kafka(spec, Settings(), {})
    with pytest.raises(Unreachable):
        await kafka.deliver(delivery())
    await kafka.close()


async def test_a_record_that_the_topic_refuses_climbs_the_ladder_and_the_next_one_passes(broker: str) -> None:
    topic = f"incoming-{uuid4().hex}"
    settings = settings_of(broker, topic, **{"max.message.bytes": "500"})
    kafka = Kafka(Channel("kafka", "same", {"topic": topic}), settings, {})
    with pytest.raises(Exception, match="too large") as caught:
        await kafka.deliver(delivery(raw=b"x" * 5_000))
    assert not isinstance(caught.value, TryLater)
    await kafka.deliver(delivery(raw=b"small"))
    await kafka.close()
    assert [record.value for record in records(settings, topic)] == [b"small"]


def test_a_channel_without_a_topic_or_with_unset_properties_is_refused() -> None:
    with pytest.raises(ChannelError, match="topic"):
        Kafka(Channel("kafka", "same"), Settings(), {})
    with pytest.raises(ChannelError, match="ACME_KAFKA"):
        Kafka(Channel("kafka", "acme:9092", {"topic": "leads", "config_env": "ACME_KAFKA"}), Settings(), {})


def test_our_credentials_stay_with_our_own_cluster(tmp_path: Any) -> None:
    file = tmp_path / "acme.properties"
    file.write_text("security.protocol=PLAINTEXT\n")
    ours = Settings(kafka_config={"sasl.password": "ours"})
    plain = Kafka(Channel("kafka", "acme:9092", {"topic": "leads"}), ours, {})
    own = Kafka(Channel("kafka", "acme:9092", {"topic": "x", "config_env": "ACME"}), ours, {"ACME": str(file)})
    assert plain._cluster.kafka_config == {}
    assert own._cluster.kafka_config == {"security.protocol": "PLAINTEXT"}
