"""Contexts that live on a broker of their own, or write into an outbox: the apps that carry in and out for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from streams.contracts import names
from streams.contracts.mistakes import suggest
from streams.contracts.topics import HEADROOM_BYTES
from streams.contracts.topology import Channel, EventSpec, Source
from streams.contracts.topology_draft import PARTITIONS, Draft, order, start
from streams.contracts.topology_partners import RETENTION, check_records, own_topic
from streams.contracts.topology_section import Name, Section
from streams.contracts.topology_transports import Transport, outbox, transport
from streams.contracts.topology_values import count, duration, size, text
from streams.domain.failure import Ladder

KEYS = ("subscribes", "handles", "sends")  # what a context says only when it lives elsewhere
NEVER = Ladder((), "bury")  # what cannot be read or written today cannot be tomorrow
DEDUPE = timedelta(days=1)  # upstream may give a message again, as brokers do that know nothing of our transactions


@dataclass(frozen=True, slots=True)
class Gateways:
    """What a context says about its ways in and out; `publishes` and `sends` are what may come in."""

    name: Name
    owner: str
    section: Section
    publishes: tuple[Name, ...]
    sends: tuple[Name, ...]


def read_commands(top: Section, draft: Draft) -> None:
    """`commands:` of the map: those that a context elsewhere owns; slips and sagas bring their own."""
    for name, section in top.sections("commands", "command"):
        record, key = section.need("record", text, "", "SendEmail"), section.need("key", text, "", "order_id")
        partitions = section.get("partitions", count, PARTITIONS)
        more = section.given(retention=("retention", duration), max_bytes=("max_bytes", size))
        draft.add_event(EventSpec(name.text, record, key, partitions, is_internal=True, **more), name.line)
        section.done()


def add_gateways(gateways: Gateways, draft: Draft) -> None:
    """Adds `<context>.in`, `<context>.outbox` and `<context>.out`, as far as the context has what they need."""
    section, context = gateways.section, gateways.name.text
    lives = transport(section) if "transport" in section else None
    stored = outbox(section) if "outbox" in section else None
    admits = _admitted(gateways, draft)
    if stored is not None:
        _add_inbound(names.outbox(context), stored, admits, gateways, draft)
    if lives is None:
        for key in KEYS if stored is None else KEYS[:2]:
            if key in section:
                section.note(section.at(key), f"{key} needs a transport; in this cluster apps say it for themselves")
        return
    if lives.upstream is not None:
        _add_inbound(names.inbound(context), lives.upstream, admits, gateways, draft)
    elif admits and stored is None:
        section.note(section.at("transport"), "transport: in is missing, it publishes; write for example in: orders")
    _add_outbound(gateways, lives, draft)


def _admitted(gateways: Gateways, draft: Draft) -> list[EventSpec]:
    named = [name.text for name in (*gateways.publishes, *gateways.sends)]
    return [spec for name in named if (spec := draft.events.get(name)) and not spec.is_partner_own]


def _add_inbound(group: str, upstream: Channel, admits: Sequence[EventSpec], gateways: Gateways, draft: Draft) -> None:
    section = gateways.section
    if not admits:
        section.note(section.line, f"nothing can come in as {group}; write publishes: or sends:")
        return
    most_bytes = max(spec.max_bytes for spec in admits) + HEADROOM_BYTES
    partitions = max(spec.partitions for spec in admits)
    spec = EventSpec(names.received(group), "", "", partitions, max_bytes=most_bytes, owner=gateways.owner)
    own: dict[str, Any] = {"kind": "inbound", "owner": gateways.owner, "upstream": upstream, "admits": tuple(admits)}
    found = draft.stanza(group, section, (Source(spec),), **own)
    found = replace(found, ladder=NEVER, dedupe=found.dedupe or DEDUPE)
    draft.add_stanza(found, gateways.name.line)


def _add_outbound(gateways: Gateways, lives: Transport, draft: Draft) -> None:
    section, group = gateways.section, names.outbound(gateways.name.text)
    own = {name.text for name in gateways.publishes}
    heard = draft.expanded(section.names("subscribes"), section, own)
    handled = [name for name in section.names("handles") if _is_command(name, section, draft)]
    if not heard and not handled:
        return
    if lives.channel is None:
        section.note(section.at("transport"), "transport: out is missing, it hears; write for example out: leads")
        return
    events = [draft.events[name.text] for name in heard if draft.is_public(name, section)]
    events += [draft.events[name.text] for name in handled]
    draft.check_heard((*heard, *handled), section)
    check_records((*heard, *handled), section, draft)
    begin, retention = start(section), section.get("retention", duration, RETENTION)
    topics = [own_topic(group, event, retention) for event in events]
    for spec in topics:
        draft.add_event(spec, gateways.name.line)
    sources = [Source(event, **begin) for event in events] + [Source(spec, is_own=True) for spec in topics]
    more: dict[str, Any] = {"kind": "partner", "owner": gateways.owner, "channel": lives.channel} | order(section)
    draft.add_stanza(draft.stanza(group, section, tuple(sources), **more), gateways.name.line)
    draft.lines |= {f"{group} reads {name.text}": name.line for name in handled}


def _is_command(name: Name, section: Section, draft: Draft) -> bool:
    known = [spec.topic for spec in draft.events.values() if spec.is_internal]
    if name.text not in known:
        section.note(name.line, f"{name.text} is no command; {suggest(name.text, known)}")
    return name.text in known
