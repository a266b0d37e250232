"""The map of this process: the file that the environment names, read once."""

from functools import lru_cache

from streams.contracts.mistakes import TopologyError, suggest
from streams.contracts.settings import from_env
from streams.contracts.topology import Stanza, Topology
from streams.contracts.topology_file import load


@lru_cache(maxsize=1)
def topology() -> Topology:
    """Raises TopologyError with every mistake of the map."""
    return load(from_env().topology)


def stanza(group: str) -> Stanza:
    """The app of that name; raises TopologyError where the map has none."""
    stanzas = topology().stanzas
    if group not in stanzas:
        raise TopologyError(f"the map has no app {group}; {suggest(group, stanzas)}")
    return stanzas[group]
