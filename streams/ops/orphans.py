"""Partners whose records wait although the map has lost them: `run` refuses until it is told to abandon them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from streams.contracts import names
from streams.contracts.topology import EventSpec, Source, Stanza, Topology
from streams.domain.failure import Ladder
from streams.ops.lag import lags
from streams.ops.tables import held_keys
from streams.runtime.outside import Cluster


class Orphaned(Exception):
    """Records of a partner wait whom the map no longer has; the message names it and the ways out."""


def lost_partners(topology: Topology, existing: Mapping[str, int]) -> list[Stanza]:
    """A stand-in for each partner whose topics are among the `existing` ones (logical name to partitions) only.

    A partner is known by its changelog and its own topics, `<partner>.<event>`.
    """
    changelog = names.changelog("")
    groups = {topic.removesuffix(changelog) for topic in existing if topic.endswith(changelog)}
    events = [spec.topic for spec in topology.events.values() if not spec.is_internal and not spec.is_partner_own]
    lost = []
    for group in sorted(groups - topology.stanzas.keys() - _elsewhere(topology, groups)):
        own = [topic for topic in (names.partner_topic(group, event) for event in events) if topic in existing]
        if own:
            sources = tuple(Source(EventSpec(topic, "", "", existing[topic]), is_own=True) for topic in own)
            lost.append(Stanza(group, "partner", sources, Ladder((), "bury"), sources[0].event.partitions))
    return lost


def waiting(cluster: Cluster, lost: Collection[Stanza], now: datetime) -> dict[str, int]:
    """How many records wait for each of them: not yet delivered, in a lane, behind a held key, or parked."""
    stand_in = Topology({}, {stanza.group: stanza for stanza in lost})
    counts = dict.fromkeys(stand_in.stanzas, 0)
    for lag in lags(cluster, stand_in, now):
        is_ours = lag.topic != names.control(lag.group) and not names.group_of_lane(lag.topic)
        counts[lag.group] += lag.records if is_ours else 0
    for group in counts:
        # a lane may also hold copies that nobody waits for any more: the key's oldest record is counted, not its copies
        counts[group] += sum(each.waiting + (each.held.id is not None) for each in held_keys(cluster, group))
    return {group: count for group, count in counts.items() if count}


def refuse_orphans(cluster: Cluster, topology: Topology, abandoned: Iterable[str], now: datetime) -> None:
    """Raises Orphaned where records wait for a partner that neither the map nor `abandoned` names; Unavailable."""
    lost = [stanza for stanza in lost_partners(topology, cluster.topics) if stanza.group not in set(abandoned)]
    counts = waiting(cluster, lost, now)
    if counts:
        raise Orphaned(
            "\n".join(
                f"{count} records wait for partner {group}, whom the map no longer has; "
                f"put its stanza back, or leave them with --abandon {group}"
                for group, count in counts.items()
            )
        )


def _elsewhere(topology: Topology, groups: Collection[str]) -> set[str]:
    """Groups of other environments on this cluster: their prefix stands before two of our own groups as well."""
    ours = [group for group in topology.stanzas if group]
    before = [group.removesuffix(own) for group in groups for own in ours if group.endswith(own) and group != own]
    prefixes = tuple({prefix for prefix in before if before.count(prefix) > 1})
    return {group for group in groups if group.startswith(prefixes)}
