"""The map of a demo: the shipped one with short times, and with its webhook partners on this machine."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from streams.contracts import durations
from streams.contracts.signatures import variables
from streams.contracts.topology import Topology
from streams.contracts.topology_file import load
from streams.ops.kafka.probe import HOST, free_port


@dataclass(frozen=True, slots=True)
class Stage:
    """The rewritten map; `ports` by webhook partner, and `secrets` by the variable that holds each."""

    topology: Topology
    max_age: timedelta
    ports: Mapping[str, int]
    secrets: dict[str, str]


def set_up(source: Path, target: Path, window: timedelta, max_age: timedelta) -> Stage:
    """Rewrites the map of `source` as `target`; raises TopologyError where either is wrong."""
    known = load(source)
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    for context in document["contexts"].values():
        for saga in (context or {}).get("sagas", {}).values():
            saga |= {"window": durations.write(window), "max_age": durations.write(max_age)}
    ports = {}
    for partner, stanza in document.get("partners", {}).items():
        if "webhook" in stanza["channel"]:
            ports[partner] = free_port()
            stanza["channel"] |= _here(stanza["channel"]["webhook"], ports[partner])
    target.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    channels = [known.stanzas[partner].channel for partner in ports]
    needed = [name for channel in channels if channel for name in variables(channel.options["secret_env"])]
    made_up = {name: _secret() for name in needed}
    return Stage(load(target), max_age, ports, made_up)


def _here(url: str, port: int) -> dict[str, Any]:
    return {
        "webhook": urlunsplit(urlsplit(url)._replace(scheme="http", netloc=f"{HOST}:{port}")),
        "allow_private": True,
    }


def _secret() -> str:
    return f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"
