"""How far each group is behind: visible records that it has not finished, and the age of the oldest."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from streams.contracts import names
from streams.contracts.topology import Stanza, Topology
from streams.runtime.outside import Cluster, Place

COUNTED = 10_000  # records of one partition that are read and counted; beyond, offsets are subtracted


@dataclass(frozen=True, slots=True)
class Lag:
    """`records` unread in one partition; `seconds` since the oldest of them was appended. Logical names."""

    group: str
    topic: str
    partition: int
    records: int
    seconds: float


def lags(cluster: Cluster, topology: Topology, now: datetime, groups: Collection[str] | None = None) -> list[Lag]:
    """Every partition that the groups of the map read, idle ones with zeros; raises Unavailable."""
    stanzas = [stanza for group, stanza in topology.stanzas.items() if groups is None or group in groups]
    positions = unread_from(cluster, stanzas)
    ends = cluster.ends({place for begins in positions.values() for place in begins})
    return [
        lag
        for group, begins in positions.items()
        for lag in _of_group(cluster, group, begins, ends, now.timestamp() * 1000)
    ]


def inputs(stanza: Stanza, topics: Collection[str]) -> list[str]:
    """The topics that a group reads, as far as they exist; also lanes that its ladder no longer has."""
    lane = re.compile(re.escape(names.lane(stanza.group, 0))[:-1] + r"\d+")
    lanes = sorted(topic for topic in topics if lane.fullmatch(topic))
    own = [source.topic for source in stanza.sources if source.topic in topics]
    return own + lanes + [topic for topic in (names.control(stanza.group),) if topic in topics]


def unread_from(cluster: Cluster, stanzas: Collection[Stanza]) -> dict[str, dict[Place, int]]:
    """Where each group will read on, by partition: its committed offset, else where a new group begins."""
    committed = cluster.committed([stanza.group for stanza in stanzas])
    topics = {stanza.group: inputs(stanza, cluster.topics) for stanza in stanzas}
    wanted = {group: [place for topic in read for place in cluster.places(topic)] for group, read in topics.items()}
    everywhere = {place for places in wanted.values() for place in places}
    starts, ends = cluster.starts(everywhere), cluster.ends(everywhere)
    late = {stanza.group: {s.topic for s in stanza.sources if s.start == "now"} for stanza in stanzas}
    return {
        group: {
            place: max(committed[group].get(place, ends[place] if place[0] in late[group] else 0), starts[place])
            for place in places
        }
        for group, places in wanted.items()
    }


def _of_group(
    cluster: Cluster, group: str, begins: Mapping[Place, int], ends: Mapping[Place, int], now_ms: float
) -> list[Lag]:
    behind = {place: begin for place, begin in begins.items() if begin < ends[place]}
    counts: dict[Place, int] = {}
    oldest: dict[Place, int] = {}
    last: dict[Place, int] = {}
    # offsets alone would count commit markers, aborted records and compacted ones
    for record in cluster.read(behind, since=behind, limit=COUNTED):
        place = record.topic, record.partition
        counts[place] = counts.get(place, 0) + 1
        oldest.setdefault(place, record.time_ms)
        last[place] = record.offset
    for place, count in counts.items():
        if count == COUNTED:
            counts[place] += max(0, ends[place] - last[place] - 1)
    return [
        Lag(group, *place, counts.get(place, 0), round(max(0.0, now_ms - oldest.get(place, now_ms)) / 1000, 3))
        for place in begins
    ]
