"""The partners of the map: what each hears, its own topics and how it is reached."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from streams.contracts.names import partner_topic
from streams.contracts.topology import EventSpec, Source
from streams.contracts.topology_channels import channel
from streams.contracts.topology_draft import Draft, order, start
from streams.contracts.topology_mapping import translations
from streams.contracts.topology_section import Name, Section
from streams.contracts.topology_values import duration, switch, text

RETENTION = timedelta(days=7)  # of own topics; must outlast the partner's longest outage


def read_partners(top: Section, draft: Draft) -> None:
    for name, section in top.sections("partners", "partner"):
        begin, retention = start(section), section.get("retention", duration, RETENTION)
        events = draft.heard(section)
        check_records(draft.expanded(section.names("on"), section), section, draft)
        leaves = translations(section, events, draft)
        own_topics = [
            replace(own_topic(name.text, event, retention), translation=leaves[event.topic]) for event in events
        ]
        for spec in own_topics:
            draft.add_event(spec, name.line)
        taken_in = [] if section.get("retiring", switch, False) else [Source(event, **begin) for event in events]
        sources = taken_in + [Source(spec, is_own=True) for spec in own_topics]
        own: dict[str, Any] = {"kind": "partner", "owner": section.get("owner", text, name.text)}
        own |= {"channel": channel(section, draft.root)} | order(section)
        draft.add_stanza(draft.stanza(name.text, section, tuple(sources), **own), name.line)
        section.done()


def check_records(names: Iterable[Name], section: Section, draft: Draft) -> None:
    """What a partner hears is told apart by its record."""
    heard: dict[str, str] = {}
    for name in names:
        record = draft.events[name.text].record if name.text in draft.events else name.text
        first = heard.setdefault(record, name.text)
        if first != name.text:
            section.note(name.line, f"{name.text} carries {record}, as {first} does; hear it by a stanza of its own")


def own_topic(partner: str, event: EventSpec, retention: timedelta) -> EventSpec:
    """The topic in which this event waits for the partner."""
    topic = partner_topic(partner, event.topic)
    own = {"is_compacted": False, "is_internal": False, "is_partner_own": True, "owner": partner}
    return replace(event, topic=topic, retention=retention, **own)  # type: ignore[arg-type]
