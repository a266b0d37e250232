"""What must hold over the whole map: files exist, partition counts fit, no name is taken twice."""

from streams.contracts.topology import Topology
from streams.contracts.topology_draft import Draft


def check(topology: Topology, draft: Draft) -> None:
    """Notes what the parts of the map do to each other."""
