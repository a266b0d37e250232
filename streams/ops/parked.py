"""Keys that wait because an earlier record of theirs has not been handled."""

from collections.abc import Iterable
from dataclasses import dataclass

from streams.contracts import names
from streams.domain.order import Held
from streams.ops.tables import held_keys
from streams.runtime.outside import Cluster


@dataclass(frozen=True, slots=True)
class Parked:
    """`behind` is the record that holds the key, `where` it stands now; `waiting` counts those behind it."""

    group: str
    partition: int
    key: str
    behind: str | None
    where: str
    attempts: int
    waiting: int
    since_ms: int


def parked(cluster: Cluster, groups: Iterable[str]) -> list[Parked]:
    """Every key that is held, the longest held first; raises Unavailable."""
    found = [
        Parked(
            group=one.group,
            partition=one.partition,
            key=one.key.decode(errors="backslashreplace"),
            behind=one.held.id,
            where=where(group, one.held),
            attempts=one.held.attempts,
            waiting=one.waiting,
            since_ms=one.held.since_ms,
        )
        for group in groups
        for one in held_keys(cluster, group)
    ]
    return sorted(found, key=lambda one: one.since_ms)


def where(group: str, held: Held) -> str:
    """Where the oldest unfinished record of a key stands."""
    if held.is_running_on:
        return "the queue runs on"
    return f"parked in {names.dead(group)}: replay or drop it" if held.is_parked else names.lane(group, held.lane)
