"""The docker stack follows from the map: nothing in it is stale, missing or left over."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.contracts.modules import module
from streams.contracts.topology import Channel, Topology
from streams.contracts.topology_file import load
from streams.ops.compose import DOCKER, generated, service
from streams.ops.dashboards.grafana import dashboards
from streams.runtime.metrics import REGISTRY

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def topology() -> Topology:
    return load(ROOT / "topology.yaml")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


def test_what_is_committed_is_what_the_map_gives(topology: Topology) -> None:
    stale = [name for name, text in generated(topology).items() if (DOCKER / name).read_text(encoding="utf-8") != text]
    assert not stale, "run: python -m streams.ops.compose"


def test_every_metric_of_ours_is_seen_on_a_dashboard_where_the_map_has_what_it_is_of(topology: Topology) -> None:
    inbound = replace(topology.stanzas["matching"], upstream=Channel("redis", "redis://redis.example/"))
    inland, coastal = (
        "".join(dashboards(replace(topology, stanzas=stanzas)).values())
        for stanzas in (topology.stanzas, {**topology.stanzas, "customer.in": inbound})
    )
    ours = {family.name for family in REGISTRY.collect() if family.name.startswith("crossdock_")}
    assert len(ours) > 20
    assert not [name for name in ours if name not in coastal]
    assert {name for name in ours if name not in inland} == {"crossdock_messages_received", "crossdock_upstream_up"}


def test_every_app_of_the_map_has_a_worker_that_can_be_found(topology: Topology, services: dict[str, Any]) -> None:
    for group, stanza in topology.stanzas.items():
        assert services[service(group)]["command"] == ["faust", "-A", module(stanza), "worker"]
        assert find_spec(module(stanza).partition(":")[0]), f"{group} has no module"


def test_no_two_apps_share_a_host_name(topology: Topology) -> None:
    assert len({service(group) for group in topology.stanzas}) == len(topology.stanzas)


def test_every_worker_is_scraped_and_nothing_else(topology: Topology) -> None:
    config = yaml.safe_load((DOCKER / "prometheus.yml").read_text(encoding="utf-8"))
    [discovery] = config["scrape_configs"][0]["dns_sd_configs"]
    assert set(discovery["names"]) == {service(group) for group in topology.stanzas}


def test_a_partners_secret_reaches_its_worker_alone(services: dict[str, Any]) -> None:
    knowing = [name for name, each in services.items() if "PARTNER_X_SECRET" in each.get("environment", {})]
    assert knowing == ["partner-x"]


def test_every_named_volume_is_declared_and_every_mounted_file_exists(services: dict[str, Any]) -> None:
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    sources = {mount.partition(":")[0] for each in services.values() for mount in each.get("volumes", [])}
    files = {source for source in sources if source.startswith(".")}
    assert sources - files == set(compose["volumes"])
    assert all((DOCKER / file).exists() for file in files)
