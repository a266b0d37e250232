"""The contexts of the map: who publishes what, and which apps each context has."""

from dataclasses import dataclass, replace

from streams.contracts.mistakes import suggest
from streams.contracts.topology import Source
from streams.contracts.topology_draft import Draft, order, start
from streams.contracts.topology_routes import Routes, add_commands, add_route_apps, add_route_topics, slip
from streams.contracts.topology_sagas import add_saga
from streams.contracts.topology_section import Name, Section
from streams.contracts.topology_service import Gateways, add_gateways, read_commands
from streams.contracts.topology_values import text


@dataclass(frozen=True)
class Context:
    """One context as written."""

    owner: str
    subscribers: list[tuple[Name, Section]]
    sagas: list[tuple[Name, Section]]
    routes: Routes
    gateways: Gateways


def read_contexts(top: Section, draft: Draft) -> None:
    read_commands(top, draft)
    contexts = [_context(name, section, draft) for name, section in top.sections("contexts", "context")]
    for context in contexts:
        add_route_topics(context.routes, draft)
    for context in contexts:
        add_commands(context.routes, draft)
    ends = {name.text for context in contexts for name in context.routes.heard}
    for context in contexts:
        for name, section in context.subscribers:
            _add_subscriber(name, section, context.owner, draft)
        add_route_apps(context.routes, ends, draft)
        for name, section in context.sagas:
            add_saga(name, section, context.owner, draft)
    for context in contexts:
        add_gateways(context.gateways, draft)
        context.gateways.section.done()
    for context in contexts:
        for section in (context.gateways.section, *(section for _, section in context.subscribers + context.sagas)):
            _check_sent(section, draft)


def _context(name: Name, section: Section, draft: Draft) -> Context:
    owner = section.get("owner", text, name.text)
    published = section.names("publishes")
    for topic in published:
        if draft.is_public(topic, section):
            _publish(topic, section, owner, draft)
    slips = section.section("slips")
    sagas = section.sections("sagas", "saga")
    routes = Routes(
        owner=owner,
        slips=[slip(name, slips) for name in slips],
        steps=section.sections("steps", "step"),
        heard=[heard for _, saga in sagas for heard in saga.names("on")],
    )
    gateways = Gateways(name, owner, section, published, section.names("sends"))
    return Context(owner, section.sections("subscribers", "subscriber"), sagas, routes, gateways)


def _publish(name: Name, section: Section, owner: str, draft: Draft) -> None:
    spec = draft.events[name.text]
    if spec.owner:
        section.note(name.line, f"{spec.topic} is published by {spec.owner} too; let one context publish it")
    draft.events[spec.topic] = replace(spec, owner=owner)


def _add_subscriber(name: Name, section: Section, owner: str, draft: Draft) -> None:
    begin = start(section)
    sources = tuple(Source(event, **begin) for event in draft.heard(section))
    own = {"kind": "subscriber", "owner": owner} | order(section)
    draft.add_stanza(draft.stanza(name.text, section, sources, **own), name.line)
    section.names("sends")
    section.done()


def _check_sent(section: Section, draft: Draft) -> None:
    commands = {
        source.topic for stanza in draft.stanzas.values() for source in stanza.sources if source.event.is_internal
    }
    for name in section.names("sends"):
        if name.text not in commands:
            section.note(name.line, f"no app reads the command {name.text}; {suggest(name.text, commands)}")
