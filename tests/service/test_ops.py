"""What is made of the map for contexts that live elsewhere: commands to run, compose services, doctor's findings."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from streams.contracts.modules import module
from streams.contracts.topics import topics
from streams.ops.compose import generated
from streams.ops.doctor import partners
from tests.service.maps import RABBIT, lives, loaded

WITH_SECRET = RABBIT | {"url_env": "SHOP_AMQP"}


def test_both_apps_have_a_command(tmp_path: Path) -> None:
    topology = loaded(lives(RABBIT), tmp_path)
    commands = [module(topology.stanzas[group]) for group in ("customer.in", "customer.out")]
    assert commands == ["streams.inbound:customer_in", "streams.partners:customer_out"]


def test_compose_runs_both_and_hands_them_their_secrets(tmp_path: Path) -> None:
    services = yaml.safe_load(generated(loaded(lives(WITH_SECRET), tmp_path))["compose.yaml"])["services"]
    for service in ("customer-in", "customer-out"):
        assert "SHOP_AMQP" in services[service]["environment"]
    assert services["customer-in"]["command"] == ["faust", "-A", "streams.inbound:customer_in", "worker"]


def test_the_topics_of_what_comes_in_are_planned_with_the_partitions_of_its_events(tmp_path: Path) -> None:
    planned = {topic.name: topic for topic in topics(loaded(lives(RABBIT), tmp_path))}
    assert {name for name in planned if name.startswith("customer.in.")} == {
        f"customer.in.{end}" for end in ("received", "dead", "control", "changelog")
    }
    assert planned["customer.in.received"].partitions == 6
    assert planned["customer.in.received"].config["message.timestamp.type"] == "LogAppendTime"


def test_doctor_tells_a_secret_that_is_missing(tmp_path: Path) -> None:
    case: Any = SimpleNamespace(
        topology=loaded(lives(WITH_SECRET), tmp_path), cluster=SimpleNamespace(settings=None), env={}
    )
    case.cluster.settings = SimpleNamespace(prefix="")
    [finding] = partners.unusable_receivers(case)
    assert "customer.in" in finding.what and "SHOP_AMQP is not set" in finding.what
