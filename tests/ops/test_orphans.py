"""A partner that the map lost is missed as long as its records wait."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from streams.contracts.settings import Settings
from streams.contracts.topics import topics
from streams.contracts.topology import Topology
from streams.contracts.topology_file import ROOT, load
from streams.ops.orphans import Orphaned, lost_partners, refuse_orphans
from streams.ops.topics import apply
from streams.runtime import clients
from streams.runtime.outside import Cluster

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def without(topology: Topology, *groups: str) -> Topology:
    """The same map when the stanzas of these groups were taken out."""
    stanzas = {group: stanza for group, stanza in topology.stanzas.items() if group not in groups}
    events = {topic: spec for topic, spec in topology.events.items() if not topic.startswith(groups)}
    return replace(topology, stanzas=stanzas, events=events)


def existing(topology: Topology, prefix: str = "") -> dict[str, int]:
    return {prefix + spec.name: spec.partitions for spec in topics(topology)}


def test_a_partner_whose_stanza_is_gone_is_known_by_its_topics() -> None:
    shipped = load(ROOT / "tests/map.yaml")
    (lost,) = lost_partners(without(shipped, "partner_x"), existing(shipped))
    assert (lost.group, [source.topic for source in lost.sources]) == ("partner_x", ["partner_x.lead.accepted.v1"])


def test_a_subscriber_or_step_whose_stanza_is_gone_is_no_partner() -> None:
    shipped = load(ROOT / "tests/map.yaml")
    assert lost_partners(without(shipped, "matching", "lead.match"), existing(shipped)) == []


def test_another_environment_on_the_cluster_has_lost_nothing() -> None:
    shipped = load(ROOT / "tests/map.yaml")
    both = existing(shipped) | existing(shipped, "staging-")
    assert lost_partners(shipped, both) == []
    assert [lost.group for lost in lost_partners(without(shipped, "partner_x"), both)] == ["partner_x"]


def test_run_is_refused_while_a_lost_partners_records_wait_unless_it_is_abandoned(broker: str) -> None:
    settings = Settings(broker=broker, prefix=f"t{uuid4().hex[:8]}-")
    shipped = load(ROOT / "tests/map.yaml")
    apply(settings, shipped, lambda name, done, total: None)
    smaller = without(shipped, "partner_x")
    refuse_orphans(Cluster(settings), smaller, (), NOW)
    producer = clients.producer(settings)
    own, copy, dead = "partner_x.lead.accepted.v1", "partner_x.retry.1", "partner_x.dead"  # no key waits for the copy
    for topic in (own, own, copy, dead):
        producer.produce(settings.prefix + topic, b"value", b"key")
    producer.flush(10)
    with pytest.raises(
        Orphaned, match=r"2 records wait for partner partner_x, .* or leave them with --abandon partner_x"
    ):
        refuse_orphans(Cluster(settings), smaller, (), NOW)
    refuse_orphans(Cluster(settings), smaller, {"partner_x"}, NOW)
    refuse_orphans(Cluster(settings), shipped, (), NOW)
