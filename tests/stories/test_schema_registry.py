"""The contracts of the whole map: published, written, read, changed, refused, and rolled back."""

import json
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from streams.contracts.codec import Codec
from streams.contracts.names import Names
from streams.contracts.registry import Refused, RegistryUnavailable
from streams.contracts.schema_files import load, of_topics
from streams.contracts.settings import Settings
from streams.contracts.topology import Topology
from streams.contracts.topology_file import load as load_map
from streams.domain.events import LeadAccepted
from streams.ops import schemas
from streams.runtime.registry import registry
from tests.kafka_server import KafkaServer

ROOT = Path(__file__).parents[2]
APPENDED = datetime(2026, 11, 22, 14, 3, 5, tzinfo=UTC)
ACCEPTED = LeadAccepted(lead_id="lead-1", order_id="1", provider_id="p", wave=1, accepted_at=APPENDED)
TOPIC = "lead.accepted.v1"


@pytest.fixture(params=["_schemas", "http"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An environment of its own with a copy of schemas/ that a test may change."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    own = Settings(prefix=f"{uuid4()}-", schemas=tmp_path / "schemas")
    if request.param == "_schemas":
        return replace(own, broker=request.getfixturevalue("broker"))
    return replace(own, registry_url=request.getfixturevalue("apicurio"))


@pytest.fixture(scope="module")
def topology() -> Topology:
    return load_map(ROOT / "topology.yaml")


def with_field(settings: Settings, record: str, name: str, **more: Any) -> None:
    """Add a field of type long to a record of this environment's schemas/."""
    file = settings.schemas / f"{record}.avsc"
    schema = json.loads(file.read_text())
    schema["fields"].append({"name": name, "type": "long", **more})
    file.write_text(json.dumps(schema))


def codec(settings: Settings, topology: Topology, known: Any) -> Codec:
    return Codec(known, Names(settings.prefix), of_topics(load(settings.schemas), topology))


def test_publishing_publishes_every_subject_of_the_map_and_again_changes_nothing(
    settings: Settings, topology: Topology
) -> None:
    assert {one.state for one in schemas.check(settings, topology)} == {"new"}
    first = schemas.publish(settings, topology)
    subjects = {one.subject.removeprefix(settings.prefix) for one in first}
    assert subjects >= {f"{topic}-value" for topic in topology.events}
    assert subjects >= {"leads.changelog-value", "analytics.changelog-value", "partner_x.lead.accepted.v1-value"}
    assert {one.state for one in schemas.check(settings, topology)} == {"unchanged"}
    assert [one.id for one in schemas.publish(settings, topology)] == [one.id for one in first]


def test_a_change_that_breaks_old_records_is_refused_whole(settings: Settings, topology: Topology) -> None:
    schemas.publish(settings, topology)
    with_field(settings, "LeadAccepted", "score")
    with_field(settings, "OrderCancelled", "fee_cents", default=0)
    standing = {one.subject.removeprefix(settings.prefix): one for one in schemas.check(settings, topology)}
    assert standing[f"{TOPIC}-value"].state == "incompatible"
    assert "field score is new and has no default" in standing[f"{TOPIC}-value"].problems[0]
    assert standing["order.cancelled.v1-value"].state == "changed"
    with pytest.raises(Refused, match=r"lead\.accepted\.v1-value: field score is new"):
        schemas.publish(settings, topology)
    shutil.copy(ROOT / "schemas" / "LeadAccepted.avsc", settings.schemas)
    assert {one.state for one in schemas.check(settings, topology)} == {"changed", "unchanged"}


def test_an_upgraded_worker_and_one_rolled_back_read_each_other(settings: Settings, topology: Topology) -> None:
    schemas.publish(settings, topology)
    with closing(registry(settings)) as known:
        before = codec(settings, topology, known).encode(TOPIC, ACCEPTED)
    with_field(settings, "LeadAccepted", "score", default=7)
    schemas.publish(settings, topology)
    shutil.copy(ROOT / "schemas" / "LeadAccepted.avsc", settings.schemas)
    schemas.publish(settings, topology)
    with closing(registry(settings)) as known:
        rolled_back = codec(settings, topology, known)
        after = rolled_back.encode(TOPIC, ACCEPTED)
        assert after[:5] != before[:5]
        assert rolled_back.decode(TOPIC, before, APPENDED) == rolled_back.decode(TOPIC, after, APPENDED) == ACCEPTED


def test_confluents_own_serializers_read_and_write_our_bytes(apicurio: str, topology: Topology) -> None:
    settings = Settings(registry_url=apicurio, prefix=f"{uuid4()}-", schemas=ROOT / "schemas")
    schemas.publish(settings, topology)
    place = SerializationContext(settings.prefix + TOPIC, MessageField.VALUE)
    with closing(registry(settings)) as known, SchemaRegistryClient({"url": apicurio, "timeout": 10}) as client:
        ours = codec(settings, topology, known)
        row = AvroDeserializer(client)(ours.encode(TOPIC, ACCEPTED), place)
        assert row == {"lead_id": "lead-1", "order_id": "1", "provider_id": "p", "wave": 1, "accepted_at": APPENDED}
        latest = {"auto.register.schemas": False, "use.latest.version": True}
        value = AvroSerializer(client, None, conf=latest)(row, place)
        assert value == ours.encode(TOPIC, ACCEPTED)
        assert ours.decode(TOPIC, value, APPENDED) == ACCEPTED


def test_before_anything_is_published_nothing_is_judged_and_the_next_step_is_named(topology: Topology) -> None:
    with KafkaServer() as kafka:
        settings = Settings(broker=kafka.bootstrap, schemas=ROOT / "schemas")
        with closing(registry(settings)) as known:
            ours = codec(settings, topology, known)
            with pytest.raises(RegistryUnavailable, match="schemas publish"):
                ours.decode(TOPIC, b"\0\0\0\0\1abc", APPENDED)
            with pytest.raises(RegistryUnavailable, match="schemas publish"):
                ours.encode(TOPIC, ACCEPTED)
            schemas.publish(settings, topology)
            assert ours.decode(TOPIC, ours.encode(TOPIC, ACCEPTED), APPENDED) == ACCEPTED
            kafka.kill()
            assert ours.decode(TOPIC, ours.encode(TOPIC, ACCEPTED), APPENDED) == ACCEPTED
            with pytest.raises(RegistryUnavailable):
                ours.decode(TOPIC, b"\0\0\0\xff\xffabc", APPENDED)
            kafka.start()
            assert ours.decode(TOPIC, ours.encode(TOPIC, ACCEPTED), APPENDED) == ACCEPTED
