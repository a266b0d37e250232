"""What the doctor says: one thing that is wrong, why it matters, what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from streams.contracts.topology import Topology
from streams.runtime.outside import Cluster


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem stops something or loses something now; a warning will."""

    what: str
    why: str
    mend: str
    is_problem: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined: the map, the cluster, this process's environment, and its clock."""

    topology: Topology
    cluster: Cluster
    env: Mapping[str, str]
    clock: Callable[[], datetime]
