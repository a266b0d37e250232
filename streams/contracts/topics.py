"""Every Kafka topic that the map asks for, with its partitions and settings."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from streams.contracts import names
from streams.contracts.durations import milliseconds
from streams.contracts.names import SCHEMAS, Names
from streams.contracts.topology import EventSpec, Stanza, Topology

HEADROOM_BYTES = 65_536  # for the headers that a lane or dead letter adds, and the frame of a changelog entry
FOREVER = {"cleanup.policy": "delete", "retention.ms": "-1"}
# closed early and cleaned often, so that reading one back takes its keys' number, not its history's
COMPACTED = {"cleanup.policy": "compact", "segment.bytes": "16777216", "segment.ms": "3600000"}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic by its logical name. `of` is the event or group that it belongs to, which stands in the map.

    `replication` -1 is the broker's default. A topic `is_bound` when apps keep state, lanes or other topics beside it,
    partition by partition.
    """

    name: str
    of: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)
    replication: int = -1
    is_bound: bool = True

    def on_cluster(self, prefix: Names) -> str:
        """`_schemas` is one for the whole cluster and never has the prefix."""
        return self.name if self.name == SCHEMAS else prefix.topic(self.name)


def topics(topology: Topology, *, has_registry: bool = False) -> list[TopicSpec]:
    """In the order of the map; `_schemas` only where no registry of its own keeps the schemas."""
    read = {source.topic for stanza in topology.stanzas.values() for source in stanza.sources}
    found = [_event(spec, spec.topic in read) for spec in topology.events.values()]
    for stanza in topology.stanzas.values():
        found += [*_of_group(stanza), *_of_channel(stanza), *_of_upstream(stanza)]
    timed = [replace(spec, config={"message.timestamp.type": "LogAppendTime", **spec.config}) for spec in found]
    if not has_registry:
        timed.append(TopicSpec(SCHEMAS, SCHEMAS, 1, {"cleanup.policy": "compact"}))
    return [replace(spec, replication=topology.replication) for spec in timed]


def extra_lanes(stanza: Stanza, existing: Iterable[str]) -> list[str]:
    """Lanes among the `existing` topics (logical names) that the ladder no longer has; they are read until empty."""
    shape = re.compile(re.escape(names.lane(stanza.group, 0)).removesuffix("0") + r"(\d+)")
    numbers = {int(found[1]): topic for topic in existing if (found := shape.fullmatch(topic))}
    return [topic for number, topic in sorted(numbers.items()) if number > len(stanza.ladder.delays)]


def read_by(stanza: Stanza) -> list[str]:
    """What its app reads in its group: sources, the lanes of its ladder, and control."""
    lanes = [names.lane(stanza.group, number) for number in range(1, len(stanza.ladder.delays) + 1)]
    return [*(source.topic for source in stanza.sources), *lanes, names.control(stanza.group)]


def _event(spec: EventSpec, is_read: bool) -> TopicSpec:
    kept = COMPACTED if spec.is_compacted else {"cleanup.policy": "delete", "retention.ms": _kept(spec.retention)}
    return TopicSpec(spec.topic, spec.topic, spec.partitions, {**kept, **_limit(spec.max_bytes)}, is_bound=is_read)


def _of_group(stanza: Stanza) -> Iterator[TopicSpec]:
    group, limit = stanza.group, _limit(_largest(stanza) + HEADROOM_BYTES)
    lanes = [names.lane(group, number) for number in range(1, len(stanza.ladder.delays) + 1)]
    for name in (*lanes, names.dead(group), names.control(group)):
        yield TopicSpec(name, group, stanza.partitions, {**FOREVER, **limit})
    yield TopicSpec(names.changelog(group), group, stanza.partitions, {**COMPACTED, **limit})


def _of_channel(stanza: Stanza) -> Iterator[TopicSpec]:
    """The topic of a partner who is served on the map's own cluster."""
    channel = stanza.channel
    if channel is not None and (channel.kind, channel.target) == ("kafka", "same"):
        limit = _limit(_largest(stanza) + HEADROOM_BYTES)
        yield TopicSpec(channel.options["topic"], stanza.group, stanza.partitions, limit, is_bound=False)


def _of_upstream(stanza: Stanza) -> Iterator[TopicSpec]:
    """What has come in and is not read yet; no event of the map, for its bytes are the other side's."""
    if stanza.upstream is not None:
        (source,) = stanza.sources
        yield replace(_event(source.event, is_read=True), of=stanza.group)


def _largest(stanza: Stanza) -> int:
    return max((source.event.max_bytes for source in stanza.sources), default=EventSpec("", "", "", 1).max_bytes)


def _limit(max_bytes: int) -> dict[str, str]:
    return {"max.message.bytes": str(max_bytes)}


def _kept(retention: timedelta | None) -> str:
    return "-1" if retention is None else str(milliseconds(retention))
