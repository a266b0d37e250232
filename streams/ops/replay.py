"""What a partner has had already, delivered again: chosen from its own topics, sent through its control topic."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from streams.contracts.facts import Facts, with_facts
from streams.contracts.topology import Stanza
from streams.ops import control
from streams.ops.tables import rows
from streams.runtime.commands import AGAIN
from streams.runtime.outside import Cluster, Place, Stored


@dataclass(frozen=True, slots=True)
class Span:
    """Which deliveries are meant, by when their records were appended for the partner; None chooses nothing out."""

    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None

    def takes(self, record: Stored) -> bool:
        return (
            (self.since is None or record.time_ms >= self.since.timestamp() * 1000)
            and (self.until is None or record.time_ms < self.until.timestamp() * 1000)
            and (self.key is None or record.key == self.key.encode())
        )


@dataclass(frozen=True, slots=True)
class Count:
    """How many deliveries of one topic are meant; `first_ms` and `last_ms` are append times."""

    topic: str
    records: int
    first_ms: int
    last_ms: int


def had(cluster: Cluster, stanza: Stanza, span: Span) -> list[Stored]:
    """What the partner has had, as far as its topics still keep it, in the order of the log; raises Unavailable.

    What is still to be delivered is left out, and so are dead letters: `dead replay` is for those.
    """
    topics = [source.topic for source in stanza.sources if source.is_own and source.topic in cluster.topics]
    places = [place for topic in topics for place in cluster.places(topic)]
    ends = cluster.committed([stanza.group])[stanza.group]
    begins = {} if span.since is None else cluster.since(places, round(span.since.timestamp() * 1000))
    unfinished = set(_unfinished(cluster, stanza.group))
    found = (
        record
        for record in cluster.read([place for place in places if ends.get(place)], begins)
        if record.offset < ends[_place(record)] and span.takes(record) and record.id not in unfinished
    )
    return sorted(found, key=lambda record: (record.time_ms, record.topic, record.partition, record.offset))


def counts(records: Iterable[Stored]) -> list[Count]:
    """By topic."""
    by_topic = groupby(sorted(records, key=lambda one: (one.topic, one.time_ms)), key=lambda one: one.topic)
    grouped = [(topic, [one.time_ms for one in found]) for topic, found in by_topic]
    return [Count(topic, len(times), times[0], times[-1]) for topic, times in grouped]


def command(cluster: Cluster, group: str, records: Iterable[Stored], rate: float) -> Iterator[Stored]:
    """Ask the owning task of each to deliver it again, at most `rate` a second; yields what was asked."""
    with control.Sender(cluster.settings, rate) as sender:
        for record in records:
            at = record.topic, record.partition, record.offset, record.time_ms
            facts = Facts("deliver", *at, group, 0, record.time_ms, record.time_ms, "", "", "", "")
            told = Stored(*at, record.key, record.value, with_facts(record.headers, facts))
            sender.send(group, record.partition, AGAIN, told)
            yield record


def _unfinished(cluster: Cluster, group: str) -> Iterator[str]:
    """The ids of records that are dead, stand in a lane, or wait behind another one of their key."""
    for row in rows(cluster, group, {"open", "held", "waiting"}):
        if row.table == "open":
            yield row.key.decode()
        elif row.table == "held":
            yield row.json["id"] or ""
        else:
            yield "{topic}-{partition}-{offset}".format(**row.json)


def _place(record: Stored) -> Place:
    return record.topic, record.partition
