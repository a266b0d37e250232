"""The map of the service tests: the customer context lives on a broker of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from streams.contracts.topology import Topology
from streams.contracts.topology_file import load

ROOT = Path(__file__).parents[2]
RABBIT = {"rabbitmq": "amqp://127.0.0.1:5672/", "in": "orders", "out": "leads"}


def lives(on: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The map of tests, its customer context on this broker; it hears of accepted leads."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "tests/map.yaml").read_text(encoding="utf-8"))
    found["contexts"]["customer"] |= {"transport": dict(on), "subscribes": ["lead.accepted.v1"]} | more
    return found


def loaded(wanted: Mapping[str, Any], folder: Path) -> Topology:
    file = folder / "topology.yaml"
    file.write_text(yaml.safe_dump(wanted, sort_keys=False), encoding="utf-8")
    return load(file, ROOT)
