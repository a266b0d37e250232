"""The map of tests, and maps that other programs write."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts import current
from streams.contracts.durations import parse, write
from streams.contracts.mistakes import TopologyError
from streams.contracts.sizes import parse as parse_size
from streams.contracts.topology_file import ROOT, load
from streams.contracts.yaml_lines import Located, read
from streams.domain.waves import Wave

SHIPPED = ROOT / "tests/map.yaml"


@pytest.fixture
def shipped() -> Any:
    return yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))


def test_the_map_has_every_app_of_the_contracts() -> None:
    stanzas = load(SHIPPED).stanzas
    assert {group: stanza.kind for group, stanza in stanzas.items()} == {
        "matching": "subscriber",
        "notifications": "subscriber",
        "analytics": "subscriber",
        "lead.start": "planner",
        "lead.widen": "planner",
        "lead.match": "step",
        "lead.notify_candidates": "step",
        "leads": "saga",
        "partner_x": "partner",
        "partner_y": "partner",
    }
    assert [source.topic for source in stanzas["leads"].sources] == [
        "lead.await_acceptance",
        "lead.cancel",
        "provider.accepted.v1",
        "provider.declined.v1",
    ]
    assert stanzas["lead.widen"].plan == ("lead.match", "lead.notify_candidates", "lead.await_acceptance")


def test_commands_and_step_addresses_become_topics_that_nobody_wrote() -> None:
    events = load(SHIPPED).events
    internal = {topic: spec.record for topic, spec in events.items() if spec.is_internal}
    assert internal == {
        "lead.start": "StartLead",
        "lead.widen": "WidenLead",
        "lead.cancel": "CancelLead",
        "lead.match": "LeadSlip",
        "lead.notify_candidates": "LeadSlip",
        "lead.await_acceptance": "LeadSlip",
    }
    assert {events[topic].key for topic in internal} == {"lead_id"}


def test_the_policy_of_the_saga_is_what_the_map_says() -> None:
    policy = load(SHIPPED).stanzas["leads"].policy
    assert policy is not None
    assert (policy.window, policy.max_age, policy.keep) == (
        timedelta(minutes=15),
        timedelta(hours=2),
        timedelta(days=30),
    )
    assert policy.waves == (Wave(5, "city"), Wave(10, "state"), Wave(20, "country"))


def test_steps_planners_and_sagas_bury_whatever_their_ladder_says(shipped: Any, tmp_path: Path) -> None:
    shipped["defaults"]["retry"] = "quick"
    stanzas = load_data(shipped, tmp_path).stanzas
    assert {stanza.kind for stanza in stanzas.values() if stanza.ladder.then == "bury"} == {
        "step",
        "planner",
        "saga",
        "partner",
    }
    assert len(stanzas["lead.match"].ladder.delays) == 3


def test_a_partner_reads_the_event_and_its_own_topic() -> None:
    topology = load(SHIPPED)
    sources = topology.stanzas["partner_x"].sources
    assert [(s.topic, s.is_own) for s in sources] == [("lead.accepted.v1", False), ("partner_x.lead.accepted.v1", True)]
    own = topology.events["partner_x.lead.accepted.v1"]
    assert (own.record, own.key, own.is_partner_own, own.retention) == (
        "LeadAccepted",
        "lead_id",
        True,
        timedelta(days=7),
    )


def test_every_setting_of_a_partner_reaches_its_stanza(shipped: Any, tmp_path: Path) -> None:
    partner = shipped["partners"]["partner_x"]
    partner |= {"order": "none", "from": "now", "max_waiting": "1MiB", "handler_timeout": "3s", "retention": "2d"}
    partner |= {"dedupe": "1d", "deadline": "6h"}
    partner["channel"] |= {"concurrency": 7, "rate": "600/m", "opens_after": 5, "probe_every": "1s"}
    topology = load_data(shipped, tmp_path)
    stanza = topology.stanzas["partner_x"]
    assert (stanza.order, stanza.max_waiting_bytes, stanza.handler_timeout) == ("none", 1 << 20, timedelta(seconds=3))
    assert (stanza.dedupe, stanza.deadline) == (timedelta(days=1), timedelta(hours=6))
    assert [source.start for source in stanza.sources] == ["now", "beginning"]
    assert topology.events["partner_x.lead.accepted.v1"].retention == timedelta(days=2)
    assert stanza.channel is not None
    assert (stanza.channel.concurrency, stanza.channel.opens_after, stanza.channel.rate) == (7, 5, 10.0)
    assert stanza.channel.options == {"secret_env": "PARTNER_X_SECRET", "allow_private": True}


def test_a_slip_may_have_a_plan_of_its_own_for_a_priority(shipped: Any, tmp_path: Path) -> None:
    slips = shipped["contexts"]["provider"]["slips"]
    standard, urgent = slips["lead.start"], ["lead.notify_candidates", "lead.await_acceptance"]
    slips["lead.start"] = {"standard": standard, "priority": urgent}
    stanzas = load_data(shipped, tmp_path).stanzas
    assert stanzas["lead.start"].plan == tuple(standard)
    assert stanzas["lead.start"].plan_by_priority == {"priority": tuple(urgent)}


def test_a_step_may_have_settings_of_its_own(shipped: Any, tmp_path: Path) -> None:
    shipped["contexts"]["provider"]["steps"] = {"lead.match": {"retry": "quick", "handler_timeout": "90s"}}
    step = load_data(shipped, tmp_path).stanzas["lead.match"]
    assert (len(step.ladder.delays), step.ladder.then, step.handler_timeout) == (3, "bury", timedelta(seconds=90))


def test_a_topic_of_the_map_belongs_to_the_context_that_publishes_it() -> None:
    events = load(SHIPPED).events
    assert (events["order.placed.v1"].owner, events["order.screened.v1"].owner) == ("team-shop", "team-risk")


def test_on_may_be_written_bare(tmp_path: Path) -> None:
    bare = tmp_path / "topology.yaml"
    bare.write_text(SHIPPED.read_text(encoding="utf-8").replace('"on":', "on:"), encoding="utf-8")
    assert load(bare) == load(SHIPPED)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_a_map_written_back_by_a_program_in_any_order_means_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    data = shuffled(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")), random.Random(seed))
    again = load_data(data, tmp_path_factory.mktemp("map"), sort_keys=False)
    assert again == load(SHIPPED)


def test_anchors_and_merge_keys_are_plain_yaml(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("partner_y:\n", "partner_y:\n    <<: *x\n")
    text = text.replace("partner_x:\n", "partner_x: &x\n").replace("    retry: quick\n", "")
    file = tmp_path / "topology.yaml"
    file.write_text(text, encoding="utf-8")
    assert load(file).stanzas["partner_y"].ladder == load(SHIPPED).stanzas["partner_x"].ladder


def test_an_alias_inside_itself_is_a_mistake_not_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text("events: &a\n  x: *a\n", encoding="utf-8")
    with pytest.raises(TopologyError, match=r"topology.yaml:1: the map is a loop"):
        load(file)


def test_every_value_knows_its_line() -> None:
    events = read(SHIPPED).value["events"]
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    assert isinstance(events, Located)
    assert all(lines[line - 1].strip().startswith(topic) for topic, line in events.keys.items())


def test_an_unknown_app_is_named_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_TOPOLOGY", str(SHIPPED))
    current.topology.cache_clear()
    with pytest.raises(TopologyError, match="the map has no app matchin; did you mean matching"):
        current.stanza("matchin")
    assert current.stanza("matching").group == "matching"


@given(st.integers(0, 10**11))
def test_a_duration_is_read_as_it_was_written(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse(write(duration)) == duration


@pytest.mark.parametrize(
    ("text", "size"), [("65536", 65536), ("64KiB", 65536), ("1MB", 10**6), ("2GiB", 2 << 30), ("5B", 5)]
)
def test_sizes_have_units(text: str, size: int) -> None:
    assert parse_size(text) == size


def load_data(data: Any, folder: Path, *, sort_keys: bool = True) -> Any:
    file = folder / "topology.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=sort_keys), encoding="utf-8")
    return load(file)


def shuffled(value: Any, order: random.Random) -> Any:
    """The same mapping with its keys in another order, all the way down; lists keep theirs."""
    if isinstance(value, list):
        return [shuffled(item, order) for item in value]
    if not isinstance(value, dict):
        return value
    keys = order.sample(list(value), len(value))
    return {key: shuffled(value[key], order) for key in keys}
