"""The doctor names what is wrong and what to do, and stays silent about what is right."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from streams.contracts.names import changelog
from streams.contracts.partitioner import partition_of
from streams.ops import schemas
from streams.ops.doctor import Case, Finding, clock, examine, groups, partners, placement, setup
from streams.runtime.outside import Cluster
from streams.runtime.topics_admin import TopicsAdmin
from tests.ops.byhand import MAP, World

SECRET = {"PARTNER_X_SECRET": "whsec_c2VjcmV0"}


def _case(world: World, **more: Any) -> Case:
    fields: dict[str, Any] = {"topology": world.topology, "cluster": Cluster(world.settings), "env": SECRET}
    return Case(**fields | {"clock": lambda: datetime.now(UTC)} | more)


def _whats(findings: Any) -> str:
    return "\n".join(finding.what for finding in findings)


@pytest.fixture
def empty(broker: str, tmp_path: Path) -> World:
    """An environment whose topics nobody has made."""
    (tmp_path / "topology.yaml").write_text(MAP, encoding="utf-8")
    return World(broker, f"e{uuid4().hex[:8]}.", tmp_path)


def test_a_set_up_in_order_has_no_findings(world: World) -> None:
    schemas.publish(world.settings, world.topology)
    assert list(examine(_case(world))) == []


def test_missing_topics_and_schemas_are_told_in_one_finding_each(empty: World) -> None:
    [topics] = setup.topics(_case(empty))
    [unpublished] = setup.schemas(_case(empty))
    assert "topics are missing" in topics.what and "topics apply" in topics.mend
    assert "not published" in unpublished.what and "schemas publish" in unpublished.mend


def test_an_environment_under_another_prefix_is_named(world: World, empty: World) -> None:
    assert world.names.prefix in _whats(setup.prefix(_case(empty)))


def test_a_topic_without_broker_time_is_a_problem(world: World) -> None:
    name = world.names.topic("order.cancelled.v1")
    TopicsAdmin(world.settings).configure({name: {"message.timestamp.type": "CreateTime"}})
    [finding] = setup.topics(_case(world))
    assert "message.timestamp.type=LogAppendTime" in finding.what and "append time" in finding.why
    TopicsAdmin(world.settings).configure({name: {"message.timestamp.type": "LogAppendTime"}})


def test_clocks_that_agree_are_no_finding_and_others_are(world: World) -> None:
    assert list(clock.difference(_case(world))) == []
    [slow] = clock.difference(_case(world, clock=lambda: datetime.now(UTC) - timedelta(seconds=3)))
    [fast] = clock.difference(_case(world, clock=lambda: datetime.now(UTC) + timedelta(seconds=3)))
    assert "ahead of this machine's" in slow.what and "behind this machine's" in fast.what


def test_a_record_off_its_keys_partition_is_told_with_the_remedy(world: World) -> None:
    wrong = 1 - partition_of(b"astray", 2)
    record = world.write("lead.accepted.v1", b"astray", partition=wrong, headers=[("ce_source", b"shop")])
    [finding] = placement.misplaced_records(_case(world))
    assert record.id in finding.what and "shop" in finding.what and "murmur2_random" in finding.mend


def test_a_group_that_lost_its_offsets_is_told(world: World) -> None:
    world.note("lead.match", "open", b"lead.match-0-0", {"attempts": 1, "key": None, "parked": False}, 0)
    [finding] = groups.lost_offsets(_case(world))
    assert "lead.match has committed no offsets" in finding.what and changelog("lead.match") in finding.what


def test_an_offset_behind_the_end_is_told(world: World) -> None:
    world.commit("matching", "order.placed.v1", 0, 99)
    assert "committed offset 99 of order.placed.v1-0" in _whats(groups.offsets_out_of_range(_case(world)))


def test_records_that_will_leave_unread_are_warned_of_at_half_the_retention(world: World) -> None:
    world.write("partner_y.lead.accepted.v1", b"old")
    assert list(groups.near_the_end_of_retention(_case(world))) == []
    later = datetime.now(UTC) + timedelta(days=4)
    found = list(groups.near_the_end_of_retention(_case(world, clock=lambda: later)))
    assert "partner_y has not read" in _whats(found) and not any(finding.is_problem for finding in found)


def test_a_missing_secret_is_told_for_its_partner_only(world: World) -> None:
    [finding] = partners.unusable_channels(_case(world, env={}))
    assert "partner_x" in finding.what and "PARTNER_X_SECRET" in finding.what


def test_a_partner_who_left_while_records_wait_is_told(world: World) -> None:
    world.write("partner_x.lead.accepted.v1", b"orphan")
    left = {group: stanza for group, stanza in world.topology.stanzas.items() if group != "partner_x"}
    events = {topic: spec for topic, spec in world.topology.events.items() if not topic.startswith("partner_x.")}
    without = dataclasses.replace(world.topology, stanzas=left, events=events)
    assert "partner partner_x" in _whats(partners.orphans(_case(world, topology=without)))


def test_the_verb_says_what_why_and_what_to_do_and_fails(empty: World) -> None:
    result = empty.run("doctor")
    assert result.exit_code == 1
    assert all(word in result.stdout for word in ("problem: ", "why: ", "do: ", "topics apply"))
    assert {"what", "why", "mend", "is_problem"} == {field.name for field in dataclasses.fields(Finding)}
