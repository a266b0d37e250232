"""Each partner as it stands: up, down or paused, and what has not reached it yet; pausing and resuming it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streams.contracts import names
from streams.contracts.topology import Stanza, Topology
from streams.ops import lag
from streams.ops.control import Sender
from streams.ops.tables import HeldKey, held_keys, open_letters, rows
from streams.runtime.outside import Cluster

_WORST = ("paused", "down", "up")


@dataclass(frozen=True, slots=True)
class Partner:
    """`backlog` counts what is not delivered, translated or not; `oldest_seconds` is the age of its oldest record.

    `since_ms` and `reason` belong to the state; dead letters are not part of the backlog.
    """

    partner: str
    channel: str
    state: str
    since_ms: int | None
    reason: str
    backlog: int
    oldest_seconds: float
    waiting_keys: int
    dead: int


def partners(cluster: Cluster, topology: Topology, now: datetime) -> list[Partner]:
    """Every partner of the map; raises Unavailable."""
    stanzas = [stanza for stanza in topology.stanzas.values() if stanza.kind == "partner"]
    behind = lag.lags(cluster, topology, now, [stanza.group for stanza in stanzas])
    return [_partner(cluster, stanza, [one for one in behind if one.group == stanza.group], now) for stanza in stanzas]


def command(cluster: Cluster, partner: str, name: str) -> int:
    """Tell every task of a partner to `pause` or `resume`; returns how many tasks were told."""
    places = cluster.places(names.control(partner))
    with Sender(cluster.settings) as sender:
        for _, partition in places:
            sender.send(partner, partition, name)
    return len(places)


def _partner(cluster: Cluster, stanza: Stanza, behind: Collection[lag.Lag], now: datetime) -> Partner:
    states = [row.json for row in rows(cluster, stanza.group, {"partner"})]
    worst: dict[str, Any] = min(states, key=lambda entry: _WORST.index(entry["state"]), default={"state": "up"})
    held = held_keys(cluster, stanza.group)
    unread = [one for one in behind if one.topic != names.control(stanza.group)]
    channel = stanza.channel
    return Partner(
        partner=stanza.group,
        channel=f"{channel.kind} {channel.target}" if channel else "",
        state=worst["state"],
        since_ms=worst.get("since"),
        reason=worst.get("reason", ""),
        backlog=sum(one.records for one in unread) + sum(one.waiting for one in held),
        oldest_seconds=max([one.seconds for one in unread] + _waited(cluster, stanza.group, held, now), default=0.0),
        waiting_keys=len(held),
        dead=len(open_letters(cluster, stanza.group)),
    )


def _waited(cluster: Cluster, group: str, held: Collection[HeldKey], now: datetime) -> list[float]:
    """The ages of what is read but not delivered: a lane's copy of a record is younger than the record."""
    retried = [one.held.since_ms for one in held if one.held.lane]
    queued = [row.json["timestamp"] for row in rows(cluster, group, {"waiting"})]
    return [round(max(0.0, now.timestamp() - ms / 1000), 3) for ms in retried + queued]
