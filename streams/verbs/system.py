"""What a verb works on: the settings, the map and the cluster of this environment."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from streams.contracts.settings import Settings
    from streams.contracts.topology import Topology
    from streams.runtime.outside import Cluster


class System:
    """Read where asked for, so that help needs neither map nor Kafka."""

    @property
    def settings(self) -> "Settings":
        """Of a cluster that can be reached; its clients report errors by exceptions only. Raises Unavailable.

        A map with mistakes is told first.
        """
        from streams.contracts.settings import from_env
        from streams.runtime.outside import quiet, reach

        settings = quiet(from_env())
        assert self.topology
        reach(settings)
        return settings

    @property
    def topology(self) -> "Topology":
        from streams.contracts.current import topology

        return topology()

    def cluster(self) -> "Cluster":
        from streams.runtime.outside import Cluster

        return Cluster(self.settings)

    def groups(self, wanted: str | None = None) -> list[str]:
        """Every group of the map, or the one that is wanted; wrong use where the map does not know it."""
        known = list(self.topology.stanzas)
        if wanted is not None and wanted not in known:
            raise click.BadParameter(f"the map has no group {wanted}; it has {', '.join(known)}", param_hint="group")
        return known if wanted is None else [wanted]
