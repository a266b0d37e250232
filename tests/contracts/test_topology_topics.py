"""Which Kafka topics the map asks for, and how each is kept."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.contracts.names import Names
from streams.contracts.topics import TopicSpec, extra_lanes, topics
from streams.contracts.topology import Topology
from streams.contracts.topology_file import ROOT, load

SHIPPED = ROOT / "tests/map.yaml"


@pytest.fixture
def shipped() -> dict[str, TopicSpec]:
    return {spec.name: spec for spec in topics(load(SHIPPED))}


def test_every_app_has_its_lanes_dead_letters_control_and_changelog(shipped: dict[str, TopicSpec]) -> None:
    assert {name for name in shipped if name.startswith("matching.")} == {
        "matching.retry.1",
        "matching.retry.2",
        "matching.retry.3",
        "matching.dead",
        "matching.control",
        "matching.changelog",
    }
    for group in load(SHIPPED).stanzas:
        assert {f"{group}.retry.1", f"{group}.dead", f"{group}.control", f"{group}.changelog"} <= shipped.keys()


def test_every_topic_of_the_map_has_the_time_of_the_broker(shipped: dict[str, TopicSpec]) -> None:
    del shipped["_schemas"]
    assert {spec.config["message.timestamp.type"] for spec in shipped.values()} == {"LogAppendTime"}


def test_events_are_kept_as_long_as_the_map_says_and_lanes_for_ever(shipped: dict[str, TopicSpec]) -> None:
    week = str(timedelta(days=7) // timedelta(milliseconds=1))
    kept = {name: spec.config.get("retention.ms") for name, spec in shipped.items()}
    assert {kept["order.placed.v1"], kept["lead.match"], kept["partner_x.lead.accepted.v1"]} == {week}
    assert {kept["matching.retry.2"], kept["matching.dead"], kept["matching.control"]} == {"-1"}


def test_profiles_changelogs_and_schemas_are_compacted(shipped: dict[str, TopicSpec]) -> None:
    compacted = {name for name, spec in shipped.items() if spec.config.get("cleanup.policy") == "compact"}
    changelogs = {f"{group}.changelog" for group in load(SHIPPED).stanzas}
    assert compacted == changelogs | {"provider.profile.v1", "_schemas"}


def test_what_an_app_writes_beside_a_record_still_fits(tmp_path: Path) -> None:
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    data["events"]["order.cancelled.v1"]["max_bytes"] = "2MiB"
    limits = {spec.name: spec.config.get("max.message.bytes") for spec in topics(map_of(data, tmp_path))}
    larger = str((2 << 20) + 65_536)
    assert limits["order.cancelled.v1"] == str(2 << 20)
    assert {limits[f"matching.{own}"] for own in ("retry.1", "dead", "control", "changelog")} == {larger}
    assert limits["notifications.dead"] == str(1_048_588 + 65_536)


def test_schemas_live_in_one_topic_without_prefix_unless_a_registry_keeps_them() -> None:
    topology = load(SHIPPED)
    names = {spec.on_cluster(Names("test-")): spec for spec in topics(topology)}
    assert names["_schemas"].partitions == 1
    assert {name for name in names if not name.startswith("test-")} == {"_schemas"}
    assert "_schemas" not in {spec.name for spec in topics(topology, has_registry=True)}


def test_a_partner_on_the_same_cluster_gets_its_topic(shipped: dict[str, TopicSpec], tmp_path: Path) -> None:
    assert shipped["partner-y.incoming.leads"].partitions == 6
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    data["partners"]["partner_y"]["channel"]["kafka"] = "elsewhere:9092"
    assert "partner-y.incoming.leads" not in {spec.name for spec in topics(map_of(data, tmp_path))}


def test_the_map_may_ask_for_replication(tmp_path: Path) -> None:
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) | {"replication": 3}
    assert {spec.replication for spec in topics(map_of(data, tmp_path))} == {3}
    assert {spec.replication for spec in topics(load(SHIPPED))} == {-1}


def test_lanes_beyond_the_ladder_are_known_by_their_number() -> None:
    stanza = load(SHIPPED).stanzas["matching"]
    existing = ["matching.retry.10", "matching.retry.4", "matching.retry.3", "matching.retry.x", "xmatching.retry.9"]
    assert extra_lanes(stanza, existing) == ["matching.retry.4", "matching.retry.10"]


def map_of(data: Any, folder: Path) -> Topology:
    file = folder / "topology.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return load(file)
