"""The map while it is read: what is known so far, and where it was written."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from streams.contracts.mistakes import Mistakes, suggest
from streams.contracts.topology import EventSpec, Source, Stanza
from streams.contracts.topology_section import Name, Section
from streams.contracts.topology_values import duration, one_of, size, text
from streams.domain.failure import Ladder

PARTITIONS = 6


@dataclass
class Draft:
    """`root` is the tree with schemas/ and streams/; `lines` says where each topic and each group was written."""

    mistakes: Mistakes
    root: Path
    events: dict[str, EventSpec] = field(default_factory=dict)
    stanzas: dict[str, Stanza] = field(default_factory=dict)
    ladders: dict[str, Ladder] = field(default_factory=dict)
    default_retry: str | None = None
    lines: dict[str, int] = field(default_factory=dict)

    def add_event(self, spec: EventSpec, line: int) -> None:
        if spec.topic in self.events:
            what = f"{spec.topic} is also in line {self.lines[spec.topic]}, as {self.events[spec.topic].record}"
            self.mistakes.add(line, what, "every topic needs its own name")
            return
        self.events[spec.topic] = spec
        self.lines[spec.topic] = line

    def add_stanza(self, stanza: Stanza, line: int) -> None:
        if stanza.group in self.stanzas:
            other = self.lines[stanza.group]
            self.mistakes.add(line, f"{stanza.group} is also the name in line {other}", "every app needs its own name")
            return
        self.stanzas[stanza.group] = stanza
        self.lines.setdefault(stanza.group, line)

    def heard(self, section: Section) -> list[EventSpec]:
        """The events that a subscriber or partner reads: public, and with equal partition counts."""
        names = self.expanded(section.names("on"), section)
        self.check_heard(names, section)
        return [self.events[name.text] for name in names if self.is_public(name, section)]

    def expanded(self, names: Iterable[Name], section: Section, own: Collection[str] = ()) -> tuple[Name, ...]:
        """The names with each `*` filled in: any text, dots too. It stands for public events, not those in `own`."""
        found: dict[str, Name] = {}
        for name in names:
            shape = re.compile(re.escape(name.text).replace(r"\*", ".+"))
            public = [e.topic for e in self.events.values() if not e.is_internal and not e.is_partner_own]
            meant = [topic for topic in public if shape.fullmatch(topic) and topic not in own]
            if "*" in name.text and not meant:
                section.note(name.line, f"{name.text} stands for no event; known are {', '.join(sorted(public))}")
            for topic in meant if "*" in name.text else [name.text]:
                found.setdefault(topic, Name(topic, name.line))
        return tuple(found.values())

    def check_heard(self, names: tuple[Name, ...], section: Section) -> None:
        """Every app hears something, and the topics that one app reads have the same number of partitions."""
        if not names:
            section.note(section.at("on"), "it hears nothing; write for example on: [order.placed.v1]")
        known = [(name, self.events[name.text]) for name in names if name.text in self.events]
        known.sort(key=lambda each: each[1].is_internal)  # commands follow the events and are never to blame
        for name, spec in known[1:]:
            first = known[0][1]
            if spec.partitions != first.partitions:
                what = f"{name.text} has {spec.partitions} partitions and {first.topic} has {first.partitions}"
                section.note(name.line, f"{what}; give the topics that one app reads the same number")

    def is_public(self, name: Name, section: Section) -> bool:
        """Whether it is an event for everybody; a command, a partner's own topic or an unknown name is a mistake."""
        public = [e.topic for e in self.events.values() if not e.is_internal and not e.is_partner_own]
        if name.text not in public:
            what = "no public event" if name.text in self.events else "no event"
            section.note(name.line, f"{name.text} is {what}; {suggest(name.text, public)}")
        return name.text in public

    def ladder(self, section: Section) -> Ladder:
        """The ladder that `section` names, or the default one."""
        fallback = Ladder((), "bury")
        named = section.get("retry", text, self.default_retry)
        if named is None:
            section.note(section.line, f"retry is missing and so is defaults: retry; {suggest('', self.ladders)}")
        elif named not in self.ladders:
            section.note(section.at("retry"), f"no retry ladder is called {named}; {suggest(named, self.ladders)}")
        return self.ladders.get(named or "", fallback)

    def stanza(self, group: str, section: Section, sources: tuple[Source, ...], **own: Any) -> Stanza:
        """One app with the settings that every kind of app has."""
        ladder = self.ladder(section)
        if own["kind"] not in ("subscriber", "partner"):
            ladder = replace(ladder, then="bury")
        if own["kind"] in ("subscriber", "partner", "inbound"):
            usual = {"dedupe": timedelta(days=1)} if own["kind"] == "inbound" else {}  # brokers deliver at least once
            if own["kind"] == "partner":
                usual = section.given(deadline=("deadline", duration))
            own = usual | section.given(dedupe=("dedupe", duration)) | own
        return Stanza(
            group=group,
            sources=sources,
            ladder=ladder,
            partitions=sources[0].event.partitions if sources else PARTITIONS,
            **section.given(max_waiting_bytes=("max_waiting", size), handler_timeout=("handler_timeout", duration)),
            **own,
        )


def order(section: Section) -> dict[str, Any]:
    """`order` of a subscriber or partner."""
    return section.given(order=("order", one_of("key", "none")))


def start(section: Section) -> dict[str, Any]:
    """Where a subscriber or partner begins with an event that is new to it."""
    return section.given(start=("from", one_of("beginning", "now")))
