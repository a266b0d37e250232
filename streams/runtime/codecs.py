"""The codec of this environment: the registry's ids, the schemas of schemas/, the classes of the domain."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from streams.contracts import schema_files
from streams.contracts.codec import Codec
from streams.contracts.names import Names
from streams.contracts.registry import Registry
from streams.contracts.settings import Settings
from streams.contracts.topology import Topology
from streams.domain import commands, events
from streams.runtime.registry import registry

_lock = Lock()
_shared: dict[tuple[str, str | None], Registry] = {}  # one reader of `_schemas` a process, however many apps


def codec_of(settings: Settings, topology: Topology, states: Mapping[str, type] | None = None) -> Codec:
    """Reads and writes every topic of the map; `states` adds the state classes of changelogs by their topic."""
    records = schema_files.load(settings.schemas)
    local = schema_files.of_topics(records, topology)
    types: dict[str, Any] = vars(events) | vars(commands)
    for changelog, state in (states or {}).items():
        local[changelog] = records[state.__name__]
        types[state.__name__] = state
    return Codec(shared_registry(settings), Names(settings.prefix), local, types)


def shared_registry(settings: Settings) -> Registry:
    """The registry of this process; the codecs of all its apps ask it, from their own threads."""
    with _lock:
        known = (settings.broker, settings.registry_url)
        if known not in _shared:
            _shared[known] = registry(settings)
        return _shared[known]
