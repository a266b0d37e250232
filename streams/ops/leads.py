"""Why a lead is where it is: its state, its timers, and what of it is still on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.contracts import names
from streams.contracts.mistakes import TopologyError
from streams.contracts.partitioner import partition_of
from streams.contracts.topology import Stanza, Topology
from streams.ops.explain import explain
from streams.ops.readable import Readable
from streams.ops.tables import Row, rows
from streams.ops.whereabouts import Sighting, whereabouts
from streams.runtime.outside import Cluster


@dataclass(frozen=True, slots=True)
class Pending:
    """A timer that is set; negative `remaining_seconds` say that it is overdue."""

    name: str
    wave: int
    due: datetime
    remaining_seconds: float


@dataclass(frozen=True, slots=True)
class Lead:
    """`state` is the saga's record as plain fields, None where the saga knows no such lead; `why` says it in words."""

    lead_id: str
    order_id: str
    stage: str | None
    why: str
    state: Mapping[str, Any] | None
    timers: list[Pending]
    records: list[Sighting]


class Leads:
    """Reads the saga's changelog; raises Unavailable, and TopologyError where the map has no saga."""

    def __init__(self, cluster: Cluster, topology: Topology, readable: Readable) -> None:
        self._cluster, self._topology, self._readable = cluster, topology, readable
        self._saga = _saga(topology)

    def show(self, id: str, now: datetime) -> Lead:
        """The lead of this lead or order id, also one that does not exist yet."""
        for lead_id in (id, names.lead_id(id)):
            partition = partition_of(lead_id.encode(), self._saga.partitions)
            noted = [row for row in rows(self._cluster, self._saga.group, {"state", "timer"}, partition)]
            state = next((row for row in noted if row.table == "state" and row.key == lead_id.encode()), None)
            if state is not None:
                return self._known(lead_id, self._readable.row(state.value), _timers(noted, lead_id, now))
        return self._unknown(id)

    def recent(self, stage: str | None, limit: int) -> list[Mapping[str, Any]]:
        """The states of the leads of one stage, or of all, those that changed last first."""
        found = sorted(rows(self._cluster, self._saga.group, {"state"}), key=lambda row: row.time_ms, reverse=True)
        chosen: list[Mapping[str, Any]] = []
        for row in found:
            if len(chosen) == limit:
                break
            state = self._readable.row(row.value)
            if stage in (None, state["stage"]):
                chosen.append(state)
        return chosen

    def _known(self, lead_id: str, state: Mapping[str, Any], timers: list[Pending]) -> Lead:
        records = whereabouts(self._cluster, self._topology, {"lead_id": lead_id}, _began(state))
        unfinished = [one for one in records if one.fate != "handled"]
        waves = len(self._saga.policy.waves) if self._saga.policy else 0
        why = explain(state, {one.name: one.remaining_seconds for one in timers}, unfinished, waves)
        return Lead(lead_id, state["order_id"], state["stage"], why, state, timers, unfinished)

    def _unknown(self, id: str) -> Lead:
        order_id = id.removeprefix(names.lead_id(""))
        lead_id = names.lead_id(order_id)
        records = whereabouts(self._cluster, self._topology, {"order_id": order_id, "lead_id": lead_id})
        return Lead(lead_id, order_id, None, self._missing(order_id, records), None, [], records)

    def _missing(self, order_id: str, records: list[Sighting]) -> str:
        if not records:
            return f"no record of order {order_id} is stored: it never came, or its topics keep records no longer"
        kinds = {stanza.group: stanza.kind for stanza in self._topology.stanzas.values()}
        unfinished = [one for one in records if one.fate != "handled"]
        if not unfinished:
            return (
                f"no lead: every record is handled, the last by {records[-1].group} from {records[-1].topic}; "
                "its plan was empty, or the finished lead was forgotten"
            )
        # the way of an order runs from subscribers to the saga: it is as far as its last unfinished record
        last = max(unfinished, key=lambda one: _WAY.index(kinds[one.group]))
        return f"no lead yet: {last.record} is {last.fate} in {last.group} ({last.detail})"


_WAY = ("subscriber", "planner", "step", "saga", "partner")


def _saga(topology: Topology) -> Stanza:
    for stanza in topology.stanzas.values():
        if stanza.kind == "saga":
            return stanza
    raise TopologyError("the map has no saga, so there are no leads")


def _began(state: Mapping[str, Any]) -> datetime | None:
    """A time before which no record of the lead can be unfinished, with a day to spare."""
    return state["history"][0]["at"] - timedelta(days=1) if state["history"] else None


def _timers(noted: list[Row], lead_id: str, now: datetime) -> list[Pending]:
    found = []
    for row in noted:
        owner, _, name = row.key.rpartition(b"\0")
        if row.table == "timer" and owner == lead_id.encode():
            due = datetime.fromtimestamp(row.json["due"] / 1000, UTC)
            found.append(Pending(name.decode(), row.json["wave"], due, round((due - now).total_seconds(), 1)))
    return sorted(found, key=lambda one: one.due)
