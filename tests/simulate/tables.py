"""What a group's changelog adds up to, table by table."""

import json
from dataclasses import dataclass, field
from typing import Any

from streams.contracts import names
from streams.testing.cluster import Cluster


@dataclass(slots=True)
class View:
    """The entries of one partition by their changelog key."""

    entries: dict[bytes, bytes] = field(default_factory=dict)

    def table(self, name: str) -> dict[bytes, bytes]:
        start = name.encode() + b"\0"
        return {key[len(start) :]: value for key, value in self.entries.items() if key.startswith(start)}

    def json(self, name: str) -> dict[str, Any]:
        return {key.decode(errors="replace"): json.loads(value) for key, value in self.table(name).items()}


def view(cluster: Cluster, group: str, partition: int) -> View:
    found = View()
    log = cluster.topics.log((names.changelog(group), partition))
    for stored in log.read(log.start, log.stable_end):
        assert stored.key is not None
        if stored.value is None:
            found.entries.pop(stored.key, None)
        else:
            found.entries[stored.key] = stored.value
    return found
