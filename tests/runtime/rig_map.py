"""The rig's map: one group, which reads two topics of one record and one whose records expire; and its small words."""

from datetime import UTC, datetime, timedelta
from typing import Any

from streams.contracts import names
from streams.contracts.facts import Facts, facts_of
from streams.contracts.topology import Channel, EventSpec, Kind, Source, Stanza, Topology
from streams.domain.effects import Effect, Publish
from streams.domain.events import OrderScreened
from streams.domain.failure import Ladder
from streams.runtime.record import Record

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
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


def noted(reason: str) -> list[Effect]:
    """What a handler asks for that has handled it."""
    return [Publish(OrderScreened(order_id="o", is_suspicious=False, reasons=[reason]), to=DONE)]


def facts(letter: Record) -> Facts:
    found = facts_of(letter.headers())
    assert found is not None
    return found
