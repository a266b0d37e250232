"""The map of the rig: one group, which reads two topics of one record and one whose records expire."""

from datetime import timedelta
from typing import Any

from streams.contracts import names
from streams.contracts.topology import Channel, EventSpec, Kind, Source, Stanza, Topology
from streams.domain.failure import Ladder

GROUP = "acme"
ONE, TWO, OFFERED, DONE = "one.v1", "two.v1", "offered.v1", "done.v1"
DELAYS = (timedelta(seconds=1), timedelta(seconds=4))
PARK, BURY = Ladder(DELAYS, "park"), Ladder(DELAYS, "bury")
CHANNEL = Channel("webhook", "http://partner")


def own(topic: str) -> str:
    return names.partner_topic(GROUP, topic)


def stanza(ladder: Ladder = PARK, *, channel: Channel | None = None, partitions: int = 1, **more: Any) -> Stanza:
    """A subscriber; with a channel a partner, who is told of the first two topics."""
    heard = [_event(ONE, partitions), _event(TWO, partitions)]
    sources = [*map(Source, heard), Source(EventSpec(OFFERED, "LeadOffered", "lead_id", partitions))]
    if channel is not None:
        sources += [Source(_event(own(spec.topic), partitions), is_own=True) for spec in heard]
    kind: Kind = "partner" if channel else "subscriber"
    return Stanza(GROUP, kind, tuple(sources), ladder, partitions, channel=channel, **more)


def topology(of: Stanza) -> Topology:
    done = EventSpec(DONE, "OrderScreened", "order_id", of.partitions)
    return Topology({spec.topic: spec for spec in (*(source.event for source in of.sources), done)}, {GROUP: of})


def _event(topic: str, partitions: int) -> EventSpec:
    return EventSpec(topic, "OrderCancelled", "order_id", partitions)
