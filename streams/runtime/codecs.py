"""The codec of this environment: the registry's ids, the schemas of schemas/, the classes of the domain."""

from collections.abc import Mapping
from typing import Any

from streams.contracts import schema_files
from streams.contracts.codec import Codec
from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.contracts.topology import Topology
from streams.domain import commands, events
from streams.runtime.registry import registry


def codec_of(settings: Settings, topology: Topology, states: Mapping[str, type] | None = None) -> Codec:
    """Reads and writes every topic of the map; `states` adds the state classes of changelogs by their topic."""
    records = schema_files.load(settings.schemas)
    local = schema_files.of_topics(records, topology)
    types: dict[str, Any] = vars(events) | vars(commands)
    for changelog, state in (states or {}).items():
        local[changelog] = records[state.__name__]
        types[state.__name__] = state
    return Codec(registry(settings), Names(settings.prefix), local, types)
