"""Contracts against the registry: what publishing would do, and publishing."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from streams.contracts.compatibility import refusals
from streams.contracts.names import Names
from streams.contracts.registry import Registry, Schema
from streams.contracts.schema_files import load, of_topics
from streams.contracts.settings import Settings
from streams.contracts.topology import Topology
from streams.runtime.registry import registry


@dataclass(frozen=True, slots=True)
class Standing:
    """One subject of the map: `new` and `changed` are what publishing writes, `incompatible` what it refuses.

    `id` is None until it is published; `problems` name the fields.
    """

    subject: str
    record: str
    state: Literal["new", "changed", "unchanged", "incompatible"]
    id: int | None = None
    problems: tuple[str, ...] = ()


def check(settings: Settings, topology: Topology) -> list[Standing]:
    """How schemas/ stands to the registry, by subject; writes nothing. Raises SchemaFileError, RegistryUnavailable."""
    wanted = _wanted(settings, topology)
    with closing(registry(settings)) as known:
        return _standings(known, wanted)


def publish(settings: Settings, topology: Topology) -> list[Standing]:
    """Publish every subject of the map; done again it changes nothing. The states are those before it, with the ids.

    Raises Refused, with nothing published, SchemaFileError, RegistryUnavailable.
    """
    wanted = _wanted(settings, topology)
    with closing(registry(settings)) as known:
        before = _standings(known, wanted)
        ids = known.register(wanted)
    return [Standing(one.subject, one.record, one.state, ids[one.subject]) for one in before]


def _wanted(settings: Settings, topology: Topology) -> dict[str, Schema]:
    names = Names(settings.prefix)
    return {names.subject(topic): schema for topic, schema in of_topics(load(settings.schemas), topology).items()}


def _standings(known: Registry, wanted: Mapping[str, Schema]) -> list[Standing]:
    versions = {subject: known.versions(subject) for subject in wanted}
    refused = refusals(wanted, versions.__getitem__)
    return [_standing(subject, schema, versions[subject], refused) for subject, schema in wanted.items()]


def _standing(subject: str, schema: Schema, old: list[Schema], refused: Mapping[str, list[str]]) -> Standing:
    if subject in refused:
        return Standing(subject, schema["name"], "incompatible", problems=tuple(refused[subject]))
    state: Literal["new", "changed", "unchanged"] = "unchanged" if schema in old else "changed" if old else "new"
    return Standing(subject, schema["name"], state)
