"""A group's tables read from its changelog: what its workers know, without asking a worker."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from streams.contracts import names
from streams.domain.order import Held
from streams.runtime.outside import Cluster


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of one table; `partition` is the task that owns it, `key` what stands behind the table's name."""

    group: str
    table: str
    partition: int
    key: bytes
    value: bytes
    time_ms: int

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.value.partition(b"\n")[0])  # bytes follow in `waiting`
        return found


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key whose oldest unfinished record is being retried, is parked, or has just made way for its queue."""

    group: str
    partition: int
    key: bytes
    held: Held

    @property
    def waiting(self) -> int:
        """How many later records of the key are queued."""
        return self.held.next - self.held.first


@dataclass(frozen=True, slots=True)
class Open:
    """A dead letter that may be replayed or dropped; a parked one holds its key."""

    attempts: int
    is_parked: bool


def rows(cluster: Cluster, group: str, tables: Collection[str], partition: int | None = None) -> Iterator[Row]:
    """The entries of these tables; nothing where the group has no changelog yet."""
    topic = names.changelog(group)
    if topic not in cluster.topics:
        return
    places = [place for place in cluster.places(topic) if partition in (None, place[1])]
    for record in cluster.latest(places):
        table, _, key = (record.key or b"").partition(b"\0")
        if table.decode() in tables:
            yield Row(group, table.decode(), record.partition, key, record.value or b"", record.time_ms)


def open_letters(cluster: Cluster, group: str) -> dict[str, Open]:
    """By dead letter id: `topic-partition-offset` of the source record."""
    found = ((row.key.decode(), row.json) for row in rows(cluster, group, {"open"}))
    return {letter: Open(entry["attempts"], bool(entry["parked"])) for letter, entry in found}


def held_keys(cluster: Cluster, group: str) -> list[HeldKey]:
    """Every key that waits or whose oldest record is being retried."""
    found = rows(cluster, group, {"held"})
    return [HeldKey(group, row.partition, row.key, Held(**row.json)) for row in found]
