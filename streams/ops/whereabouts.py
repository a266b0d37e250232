"""Where the records of some keys are: in which topics, and what became of them in each group that reads those."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from streams.contracts import names
from streams.contracts.partitioner import partition_of
from streams.contracts.topology import Stanza, Topology
from streams.domain.order import Held
from streams.ops.tables import Row, rows
from streams.runtime.outside import Cluster, Place, Stored

Fate = Literal["handled", "unread", "retrying", "waiting", "dead"]
_POSITION = struct.Struct(">q")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record as one group sees it; `due_ms` is when a retried one is tried again."""

    group: str
    topic: str
    partition: int
    offset: int
    time_ms: int
    fate: Fate
    detail: str = ""
    due_ms: int | None = None

    @property
    def record(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


def whereabouts(
    cluster: Cluster, topology: Topology, keys: Mapping[str, str], since: datetime | None = None
) -> list[Sighting]:
    """The records with these keys (by key field, as {"order_id": …}) in every group but the partners', oldest first.

    `since` leaves out what was appended before.
    """
    stanzas = [stanza for stanza in topology.stanzas.values() if stanza.kind != "partner"]
    places = {
        _place(cluster, source.topic, keys[source.event.key])
        for stanza in stanzas
        for source in stanza.sources
        if source.event.key in keys and source.topic in cluster.topics
    }
    wanted = {key.encode() for key in keys.values()}
    begins = None if since is None else cluster.since(places, int(since.timestamp() * 1000))
    records = [record for record in cluster.read(places, begins) if record.key in wanted]
    committed = cluster.committed([stanza.group for stanza in stanzas])
    found = [one for stanza in stanzas for one in _seen_by(cluster, stanza, records, committed[stanza.group])]
    return sorted(found, key=lambda one: (one.time_ms, one.record, one.group))


def _place(cluster: Cluster, topic: str, key: str) -> Place:
    return topic, partition_of(key.encode(), cluster.topics[topic])


def _seen_by(
    cluster: Cluster, stanza: Stanza, records: Iterable[Stored], committed: Mapping[Place, int]
) -> list[Sighting]:
    topics = {source.topic for source in stanza.sources}
    read = [record for record in records if record.topic in topics]
    journals = {p: _Journal(stanza.group, rows(cluster, stanza.group, _TABLES, p)) for p in {r.partition for r in read}}
    return [journals[record.partition].sighting(record, committed) for record in read]


_TABLES = ("held", "waiting", "open")


class _Journal:
    """What one task has noted about records that it has read but not finished."""

    def __init__(self, group: str, noted: Iterable[Row]) -> None:
        self._group = group
        self._held: dict[bytes, Held] = {}
        self._waiting: dict[str, bytes] = {}
        self._dead: dict[str, int] = {}
        for row in noted:
            if row.table == "held":
                self._held[row.key] = Held(**row.json)
            elif row.table == "open":
                self._dead[row.key.decode()] = row.json["attempts"]
            else:
                self._waiting["{topic}-{partition}-{offset}".format(**row.json)] = row.key[: -_POSITION.size - 1]

    def sighting(self, record: Stored, committed: Mapping[Place, int]) -> Sighting:
        fate, detail, due_ms = self._fate(record, committed.get((record.topic, record.partition), 0))
        return Sighting(
            self._group, record.topic, record.partition, record.offset, record.time_ms, fate, detail, due_ms
        )

    def _fate(self, record: Stored, committed: int) -> tuple[Fate, str, int | None]:
        if record.offset >= committed:
            return "unread", f"up to {record.offset - committed} records are before it", None
        if record.id in self._dead:
            return "dead", f"gave up after {self._dead[record.id]} attempts: `dead show {record.id}`", None
        if record.id in self._waiting:
            held = self._held.get(self._waiting[record.id])
            return "waiting", f"behind {held.id}" if held and held.id else "its queue runs on", None
        held = self._held.get(record.key or b"") or self._held.get(record.id.encode())
        if held is not None and held.id == record.id:
            return "retrying", f"in {names.lane(self._group, held.lane)} after {held.attempts} attempts", held.due_ms
        return "handled", "", None
