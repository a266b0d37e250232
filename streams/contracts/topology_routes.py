"""Routing slips of the map: their planners, their steps, and the topics between them, which nobody has to write."""

from collections.abc import Collection
from dataclasses import dataclass

from streams.contracts.mistakes import suggest
from streams.contracts.topology import EventSpec, Source
from streams.contracts.topology_draft import PARTITIONS, Draft
from streams.contracts.topology_section import Name, Section
from streams.contracts.yaml_lines import Located

KEY = "lead_id"
Slip = tuple[Name, tuple[Name, ...]]


@dataclass(frozen=True)
class Routes:
    """What one context says of routes: each slip's stops, settings of single steps, and what its sagas read."""

    owner: str
    slips: list[Slip]
    steps: list[tuple[Name, Section]]
    heard: list[Name]

    def addresses(self) -> dict[str, Name]:
        """Every step address, where it is first written."""
        written = [stop for _, stops in self.slips for stop in stops] + [name for name, _ in self.steps]
        first = {name.text: name for name in reversed(written)}
        return {name.text: first[name.text] for name in written}


def command_record(topic: str) -> str:
    """`lead.start` carries StartLead: the words of a command's topic, the last part first."""
    return "".join(word.capitalize() for part in reversed(topic.split(".")) for word in part.split("_"))


def slip_record(address: str) -> str:
    """`lead.match` carries LeadSlip: an address begins with the noun that travels."""
    return address.partition(".")[0].capitalize() + "Slip"


def add_route_topics(routes: Routes, draft: Draft) -> None:
    """Adds the topics of slips and of their steps."""
    for address, name in routes.addresses().items():
        _add_topic(name, slip_record(address), routes, draft)
    for name, _ in routes.slips:
        _add_topic(name, command_record(name.text), routes, draft)


def add_commands(routes: Routes, draft: Draft) -> None:
    """Adds what sagas read and nobody else has written: commands, known by their schema."""
    for name in routes.heard:
        if name.text in draft.events:
            continue
        record = command_record(name.text)
        if (draft.root / "schemas" / f"{record}.avsc").is_file():
            _add_topic(name, record, routes, draft)
        else:
            what = f"{name.text} is no event, no step of a slip, and no command (there is no schemas/{record}.avsc)"
            draft.mistakes.add(name.line, what, suggest(name.text, draft.events))


def _add_topic(name: Name, record: str, routes: Routes, draft: Draft) -> None:
    events = [spec for heard in routes.heard if (spec := draft.events.get(heard.text)) and not spec.is_internal]
    partitions = events[0].partitions if events else PARTITIONS
    known = draft.events.get(name.text)
    if known is None or not known.is_internal or known.record != record:  # contexts may share a step
        draft.add_event(EventSpec(name.text, record, KEY, partitions, is_internal=True, owner=routes.owner), name.line)


def add_route_apps(routes: Routes, ends: Collection[str], draft: Draft) -> None:
    """Adds a planner for each slip and an app for each step; `ends` are the addresses that sagas read themselves."""
    settings = {name.text: section for name, section in routes.steps}
    for slip, stops in routes.slips:
        _check_end(slip, stops, ends, draft)
        _add(slip, Section(f"slip {slip.text}", Located({}, slip.line), draft.mistakes), routes, draft, stops)
    for address, name in routes.addresses().items():
        if address not in ends:
            _add(
                name,
                settings.get(address, Section(f"step {address}", Located({}, name.line), draft.mistakes)),
                routes,
                draft,
            )


def _add(name: Name, section: Section, routes: Routes, draft: Draft, stops: tuple[Name, ...] | None = None) -> None:
    kind = "step" if stops is None else "planner"
    sources = (Source(draft.events[name.text]),)
    plan = tuple(stop.text for stop in stops or ())
    draft.add_stanza(draft.stanza(name.text, section, sources, kind=kind, owner=routes.owner, plan=plan), name.line)
    section.done()


def _check_end(slip: Name, stops: tuple[Name, ...], ends: Collection[str], draft: Draft) -> None:
    right = f"the last stop is one that a saga reads: {suggest(stops[-1].text if stops else '', ends)}"
    if not stops:
        draft.mistakes.add(slip.line, f"slip {slip.text} has no stops", right)
    elif stops[-1].text not in ends:
        draft.mistakes.add(stops[-1].line, f"slip {slip.text} ends at {stops[-1].text}, which no saga reads", right)
    for stop in stops[:-1]:
        if stop.text in ends:
            what = f"slip {slip.text} ends at {stop.text}, which a saga reads, and has stops behind it"
            draft.mistakes.add(stop.line, what, "put it last")
