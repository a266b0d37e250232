"""The partners of the map: what each hears, its own topics and how it is reached."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from streams.contracts.mistakes import suggest
from streams.contracts.names import partner_topic
from streams.contracts.topology import Channel, EventSpec, Source
from streams.contracts.topology_draft import Draft, order, start
from streams.contracts.topology_section import Section
from streams.contracts.topology_values import count, duration, switch, text

RETENTION = timedelta(days=7)
COMMON: dict[str, Any] = {
    "timeout": ("timeout", duration),
    "concurrency": ("concurrency", count),
    "opens_after": ("opens_after", count),
    "probe_every": ("probe_every", duration),
}
NEEDED: dict[str, dict[str, Any]] = {
    "webhook": {"secret_env": (text, "PARTNER_X_SECRET")},
    "kafka": {"topic": (text, "acme.incoming.leads")},
}
OPTIONAL: dict[str, dict[str, Any]] = {"webhook": {"allow_private": switch}, "kafka": {"config_env": text}}


def read_partners(top: Section, draft: Draft) -> None:
    for name, section in top.sections("partners", "partner"):
        heard = section.names("on")
        events = draft.public(heard, section.title)
        draft.check_partitions(heard, section.title)
        retention = section.get("retention", duration, RETENTION)
        own_topics = [_own(name.text, event, retention) for event in events]
        for spec in own_topics:
            draft.add_event(spec, name.line)
        begin = start(section)
        sources = [Source(event, **begin) for event in events] + [Source(spec, is_own=True) for spec in own_topics]
        own = {"kind": "partner", "owner": section.get("owner", text, name.text), "channel": _channel(section, draft)}
        draft.add_stanza(draft.stanza(name.text, section, tuple(sources), **own, **order(section)), name.line)
        if not events:
            section.note(section.at("on"), "it hears nothing; write for example on: [lead.accepted.v1]")
        section.done()


def _own(partner: str, event: EventSpec, retention: Any) -> EventSpec:
    topic = partner_topic(partner, event.topic)
    return replace(event, topic=topic, retention=retention, is_compacted=False, is_partner_own=True, owner=partner)


def _channel(partner: Section, draft: Draft) -> Channel | None:
    section = partner.section("channel")
    transports = {file.stem for file in (draft.root / "streams/channels").glob("[a-z]*.py")}
    kinds = [key for key in section if key in transports]
    if len(kinds) != 1:
        unknown = next((key for key in section if key not in COMMON), "")
        right = suggest(unknown, transports) if not kinds else "keep one of them"
        section.note(section.line, f"names {len(kinds) or 'no'} transports; {right}")
        return None
    kind = kinds[0]
    channel = Channel(
        kind=kind,
        target=section.get(kind, text, ""),
        **section.given(**COMMON),
        options=_options(kind, section),
    )
    if kind in NEEDED:
        section.done()
    return channel


def _options(kind: str, section: Section) -> dict[str, Any]:
    """The transport's own keys; those of a transport without a row above are its own affair and passed on as they are."""
    if kind not in NEEDED:
        return section.plain()
    needed = {key: section.need(key, parse, "", example) for key, (parse, example) in NEEDED[kind].items()}
    optional = {key: section.get(key, parse, None) for key, parse in OPTIONAL.get(kind, {}).items()}
    return needed | {key: value for key, value in optional.items() if value is not None}
