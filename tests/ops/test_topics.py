"""topics plan and apply: what is made, what is refused, and that nothing happens twice."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.contracts.topics import topics
from streams.contracts.topology import Topology
from streams.contracts.topology_file import ROOT, load
from streams.ops.topics import Change, TopicsRefused, apply, plan, planned
from streams.runtime.reading import Unavailable
from streams.runtime.topics_admin import Standing, TopicRefused, TopicsAdmin

SHIPPED = ROOT / "topology.yaml"
UNREAD = "notification.receipt.v1"


@pytest.fixture
def settings(broker: str) -> Settings:
    return Settings(broker=broker, prefix=f"t{uuid4().hex[:8]}-")


@pytest.fixture
def small(tmp_path: Path) -> Topology:
    return cut(tmp_path, lambda data: None)


def test_what_was_applied_needs_no_second_time(settings: Settings) -> None:
    topology = load(SHIPPED)
    told: list[tuple[int, int]] = []
    first = apply(settings, topology, lambda name, done, total: told.append((done, total)))
    assert {change.kind for change in first} == {"create"}
    assert len(first) >= len(topics(topology)) - 1  # another test may have made _schemas
    assert (told[0], told[-1]) == ((0, len(first)), (len(first), len(first)))
    assert planned(settings, topology) == []
    assert apply(settings, topology, silent) == []


def test_a_topic_is_what_the_map_asks_for(settings: Settings, small: Topology) -> None:
    apply(settings, small, silent)
    names = [settings.prefix + "order.placed.v1", settings.prefix + "notifications.changelog"]
    found = TopicsAdmin(settings).standing(names)
    event, changelog = (found[name] for name in names)
    assert (event.partitions, event.config["retention.ms"]) == (6, "604800000")
    assert event.config["message.timestamp.type"] == changelog.config["message.timestamp.type"] == "LogAppendTime"
    assert changelog.config["cleanup.policy"] == "compact"


def test_a_changed_setting_is_set_and_the_others_stay(settings: Settings, small: Topology, tmp_path: Path) -> None:
    apply(settings, small, silent)
    topic = settings.prefix + "order.placed.v1"
    TopicsAdmin(settings).configure({topic: {"flush.ms": "1234"}})
    changed = cut(tmp_path, lambda data: data["events"]["order.placed.v1"].update(retention="3d"))
    (change,) = apply(settings, changed, silent)
    assert (change.kind, change.topic, dict(change.config)) == ("configure", topic, {"retention.ms": "259200000"})
    assert "was retention.ms=604800000" in change.what
    after = TopicsAdmin(settings).standing([topic])[topic].config
    assert (after["retention.ms"], after["flush.ms"]) == ("259200000", "1234")


def test_a_topic_that_no_app_reads_may_grow(settings: Settings, small: Topology, tmp_path: Path) -> None:
    apply(settings, small, silent)
    grown = cut(tmp_path, lambda data: data["events"][UNREAD].update(partitions=9))
    assert [change.kind for change in apply(settings, grown, silent)] == ["grow"]
    assert planned(settings, grown) == []


def test_another_partition_count_is_refused_where_apps_lean_on_it_and_then_nothing_is_done(
    settings: Settings, small: Topology, tmp_path: Path
) -> None:
    apply(settings, small, silent)

    def more(data: Any) -> None:
        for spec in data["events"].values():
            spec["partitions"] = 12

    with pytest.raises(TopicsRefused) as refused:
        apply(settings, cut(tmp_path, more), silent)
    assert f"{settings.prefix}order.placed.v1: has 6 partitions, the map asks for 12; its readers" in str(refused.value)
    assert f"{settings.prefix}notifications.changelog: has 6" in str(refused.value)
    assert UNREAD not in str(refused.value)
    assert planned(settings, small) == []


def test_a_cluster_that_does_not_answer_is_named_with_the_next_step() -> None:
    with pytest.raises(Unavailable, match=r"no answer from Kafka at 127.0.0.1:1 .*`kafka up`"):
        TopicsAdmin(Settings(broker="127.0.0.1:1"), patience_s=0.2).standing([])


def test_what_the_cluster_refuses_is_told_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    replicated = cut(tmp_path, lambda data: data.update(replication=3))
    with pytest.raises(TopicRefused, match="replication factor"):
        apply(settings, replicated, silent)


def test_fewer_partitions_are_refused_always() -> None:
    (change,) = differing({UNREAD: Standing(8, {})}, UNREAD)
    assert change.kind == "refused"
    assert change.what.endswith("Kafka cannot take partitions away: write 8 into the map")


def test_a_compacted_topic_never_grows_for_a_keys_older_value_would_stay_in_its_former_partition() -> None:
    (change,) = differing({"provider.profile.v1": Standing(3, {})}, "provider.profile.v1")
    assert change.kind == "refused"
    assert change.what.endswith("an older value of a key would stay in its former partition: write 3 into the map")


def test_a_lane_that_the_ladder_lost_is_remarked_and_never_touched() -> None:
    standing = standing_of(load(SHIPPED)) | {
        "p-matching.retry.4": Standing(6, {}),
        "q-matching.retry.4": Standing(6, {}),
    }
    (remark,) = plan(load(SHIPPED), standing, Names("p-"))
    assert (remark.kind, remark.topic) == ("remark", "p-matching.retry.4")
    assert remark.what == "the ladder of matching no longer has this lane; it is read until empty"


def differing(instead: Mapping[str, Standing], topic: str) -> list[Change]:
    """The plan's changes of `topic` where the cluster has it as told instead; its settings are left out."""
    standing = standing_of(load(SHIPPED)) | {f"p-{name}": found for name, found in instead.items()}
    changes = plan(load(SHIPPED), standing, Names("p-"))
    return [change for change in changes if change.topic == f"p-{topic}" and change.kind != "configure"]


def standing_of(topology: Topology) -> dict[str, Standing]:
    """A cluster that has all that the map asks for."""
    return {spec.on_cluster(Names("p-")): Standing(spec.partitions, spec.config) for spec in topics(topology)}


def cut(folder: Path, edit: Callable[[Any], object]) -> Topology:
    """The shipped map cut down to one subscriber and the events around it, and then edited."""
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    data["events"] = {topic: data["events"][topic] for topic in ("order.placed.v1", UNREAD)}
    data["contexts"] = {"notifications": data["contexts"]["notifications"]}
    del data["partners"]
    edit(data)
    file = folder / "topology.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return load(file)


def silent(name: str, done: int, total: int) -> None: ...
