"""Routing slips of the map: their planners, their steps, and the topics between them, which nobody has to write."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from os.path import isfile
from typing import Any

from streams.contracts.mistakes import suggest
from streams.contracts.topology import EventSpec, Source
from streams.contracts.topology_draft import PARTITIONS, Draft
from streams.contracts.topology_section import Name, Section
from streams.contracts.yaml_lines import Located

KEY = "lead_id"
STANDARD = "standard"


@dataclass(frozen=True)
class Slip:
    """The plans of one slip: for every order, and instead of that for orders of a priority."""

    name: Name
    plan: tuple[Name, ...]
    by_priority: Mapping[str, tuple[Name, ...]]

    @property
    def plans(self) -> list[tuple[Name, ...]]:
        return [self.plan, *self.by_priority.values()]


def slip(name: str, slips: Section) -> Slip:
    """A list of stops, or one for each priority: {standard: [...], priority: [...]}."""
    where = Name(name, slips.at(name))
    if not slips.holds_mapping(name):
        return Slip(where, slips.names(name, may_repeat=True), {})
    section = slips.section(name, f"slip {name}")
    plans = {priority: section.names(priority, may_repeat=True) for priority in section}
    return Slip(where, plans.pop(STANDARD, ()), plans)


@dataclass(frozen=True)
class Routes:
    """What one context says of routes: each slip's stops, settings of single steps, and what its sagas read."""

    owner: str
    slips: list[Slip]
    steps: list[tuple[Name, Section]]
    heard: list[Name]

    def addresses(self) -> dict[str, Name]:
        """Every step address, where it is first written."""
        stops = [stop for slip in self.slips for plan in slip.plans for stop in plan]
        written = stops + [name for name, _ in self.steps]
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
    for slip in routes.slips:
        _add_topic(slip.name, command_record(slip.name.text), routes, draft)


def add_commands(routes: Routes, draft: Draft) -> None:
    """Adds what sagas read and nobody else has written: commands, known by their schema."""
    for name in routes.heard:
        if name.text in draft.events:
            continue
        record = command_record(name.text)
        if isfile(draft.root / "schemas" / f"{record}.avsc"):
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
    for slip in routes.slips:
        for plan in slip.plans:
            _check_end(slip.name, plan, ends, draft)
        empty = Section(f"slip {slip.name.text}", Located({}, slip.name.line), draft.mistakes)
        _add(slip.name, empty, routes, draft, slip)
    for address, name in routes.addresses().items():
        if address not in ends:
            _add(
                name,
                settings.get(address, Section(f"step {address}", Located({}, name.line), draft.mistakes)),
                routes,
                draft,
            )


def _add(name: Name, section: Section, routes: Routes, draft: Draft, slip: Slip | None = None) -> None:
    own: dict[str, Any] = {"kind": "step", "owner": routes.owner}
    if slip is not None:
        by_priority = {priority: _texts(plan) for priority, plan in slip.by_priority.items()}
        own |= {"kind": "planner", "plan": _texts(slip.plan), "plan_by_priority": by_priority}
    draft.add_stanza(draft.stanza(name.text, section, (Source(draft.events[name.text]),), **own), name.line)
    section.done()


def _texts(stops: tuple[Name, ...]) -> tuple[str, ...]:
    return tuple(stop.text for stop in stops)


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
