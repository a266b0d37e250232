"""Do the workers' books agree with the topics? Tables, local stores and effects, counted once everything is at rest."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streams.contracts import names
from streams.contracts.topology import Stanza
from streams.domain.lead_state import ACCEPTED, CANCELLED, EXPIRED
from streams.ops.laws import History
from streams.ops.readable import Readable
from streams.ops.tables import rows
from streams.runtime.store import RocksStore
from streams.subscribers.analytics import STAGES
from tests.flow import Flow

_LAST_STAGE = {"LeadAccepted": ACCEPTED, "LeadExpired": EXPIRED, "LeadCancelled": CANCELLED}
_BEFORE_THE_END = {b"window", b"max_age"}


def mistakes(flow: Flow, history: History, homes: list[Path]) -> Iterator[str]:
    """Everything that does not add up, in words."""
    read = Readable.of(flow.settings)
    yield from _counted(flow, history, read)
    yield from _remembered(flow, history, read)
    yield from _once(flow, history)
    for stanza in flow.topology.stanzas.values():
        yield from _still_held(flow, stanza)
        yield from _stored(flow, stanza, homes)


def _counted(flow: Flow, history: History, read: Readable) -> Iterator[str]:
    """Analytics has counted every event once."""
    states = [read.row(row.value) for row in rows(flow.cluster, "analytics", {"state"})]
    for source in flow.topology.stanzas["analytics"].sources:
        stage = next(stage for event, stage in STAGES.items() if event.__name__ == source.event.record)
        counted, published = sum(state[stage] for state in states), len(history.by_topic.get(source.topic, ()))
        if counted != published:
            yield f"analytics counted {counted} records of {source.topic}, which holds {published}"


def _remembered(flow: Flow, history: History, read: Readable) -> Iterator[str]:
    """The saga's last word on each lead is what it told the world."""
    stages = {row.key.decode(): read.row(row.value)["stage"] for row in rows(flow.cluster, "leads", {"state"})}
    for case in history.cases.values():
        told = [_LAST_STAGE[type(end.record).__name__] for end in case.ends]
        if told != [stages.get(case.lead_id)]:
            yield f"{case} is {stages.get(case.lead_id)} for the saga and {told} for the world"


def _once(flow: Flow, history: History) -> Iterator[str]:
    """Each effect is there as often as its cause, and a timer's effect once."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for topic, facts in history.by_topic.items():
        seen[topic].update(fact.id for fact in facts)
    for stanza in flow.topology.stanzas.values():
        causes: Counter[str] = Counter()
        for source in stanza.sources:
            causes += seen[source.topic]
        made = Counter((fact.topic, fact.id, fact.cause) for fact in history.facts if fact.source == stanza.group)
        for (topic, id, cause), times in made.items():
            if times > max(1, causes[cause or ""]):
                yield f"{stanza.group} wrote {id} {times} times into {topic}, because of {cause}"


def _still_held(flow: Flow, stanza: Stanza) -> Iterator[str]:
    for row in rows(flow.cluster, stanza.group, {"held", "waiting", "timer"}):
        if row.table != "timer" or row.key.rpartition(b"\0")[2] in _BEFORE_THE_END:
            yield f"{stanza.group} still has {row.table} of {row.key!r}: {row.value[:80]!r}"


def _stored(flow: Flow, stanza: Stanza, homes: list[Path]) -> Iterator[str]:
    """A local store is its changelog up to where it says that it stands."""
    log = flow.records(names.changelog(stanza.group))
    group = flow.cluster.names.group(stanza.group)
    for slot in (slot for home in homes for slot in home.glob(f"state/{group}/*")):
        store = RocksStore(slot / "store")
        for partition in range(stanza.partitions):
            if (position := store.position(partition)) is None:
                continue
            logged: dict[bytes | None, Any] = {}
            for each in log:
                if each.partition == partition and each.offset < position.next:
                    logged[each.key] = each.value
            kept = {key: value for key, value in logged.items() if value is not None}
            if kept != dict(store.scan(partition, b"")):
                yield f"the store {slot.name} of {stanza.group}-{partition} is not its changelog up to {position.next}"
        store.close()
