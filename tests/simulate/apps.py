"""Every shipped app on the map of the simulation, with handlers that may fail as a seed says."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any

from streams import slips
from streams.contracts.codec import Codec
from streams.contracts.registry import InMemory
from streams.contracts.topics import TopicSpec, topics
from streams.contracts.topology import Stanza, Topology
from streams.contracts.topology_file import load
from streams.domain import slip
from streams.domain.lead import decide
from streams.domain.lead_state import LeadState
from streams.partners import own_topics
from streams.partners import translate as for_partner
from streams.runtime.spec import AppSpec
from streams.steps.lead_match import match
from streams.steps.lead_notify_candidates import notify_candidates
from streams.subscribers import analytics, matching, notifications
from streams.testing.worker import codec_of

MAP = Path(__file__).parent / "map.yaml"
Trouble = Callable[[str, Any], None]  # the group and its event: raises where this call is to fail


@cache
def topology(partitions: int) -> Topology:
    """The map with so many partitions a topic."""
    found = load(MAP)
    events = {name: replace(spec, partitions=partitions) for name, spec in found.events.items()}
    stanzas = {name: _on(stanza, events, partitions) for name, stanza in found.stanzas.items()}
    return replace(found, events=events, stanzas=stanzas)


@cache
def cluster_topics(partitions: int) -> list[TopicSpec]:
    return topics(topology(partitions), has_registry=True)


@cache
def codec(partitions: int) -> Codec:
    """One for all workers: what it keeps is schemas only."""
    return codec_of(InMemory(), topology(partitions), specs(partitions, lambda group, event: None).values())


def specs(partitions: int, trouble: Trouble) -> dict[str, AppSpec]:
    found = topology(partitions)
    return {group: _spec(found, stanza, trouble) for group, stanza in found.stanzas.items()}


def _spec(found: Topology, stanza: Stanza, trouble: Trouble) -> AppSpec:
    group, policy = stanza.group, found.stanzas["leads"].policy
    assert policy is not None
    more: dict[str, Any] = {}
    handler: Callable[..., Any]
    if stanza.kind == "partner":
        handler = partial(for_partner, topics=own_topics(stanza))
    elif stanza.kind == "planner":
        handler = partial(slips.start if group == "lead.start" else slips.widen, plan=_plan(found, stanza))
        more["give_up"] = partial(slip.give_up_planning, hand_off="lead.await_acceptance")
    elif stanza.kind == "step":
        handler = partial(match if group == "lead.match" else notify_candidates, waves=policy.waves)
        more = {"give_up": slip.give_up}
        if group == "lead.match":
            more["tables"] = {"providers": "provider.profile.v1"}
    elif group == "leads":
        return AppSpec(found, stanza, decide=_troubled(group, partial(decide, policy=policy), trouble), state=LeadState)
    elif group == "analytics":
        return AppSpec(
            found, stanza, decide=_troubled(group, analytics.count, trouble), state=analytics.FunnelCount
        )
    elif group == "matching":
        handler = partial(matching.translate, max_age=policy.max_age)
    else:
        handler = notifications.request_receipt
    return AppSpec(found, stanza, react=_troubled(group, handler, trouble), **more)


def _plan(found: Topology, planner: Stanza) -> Callable[..., list[str]]:
    known = frozenset(event.topic for event in found.topics_of("LeadSlip"))
    return partial(slip.plan, default_plan=planner.plan, known=known, by_priority=planner.plan_by_priority)


def _troubled(group: str, handler: Callable[..., Any], trouble: Trouble) -> Callable[..., Any]:
    @wraps(handler)
    def tried(*args: Any, **tables: Any) -> Any:
        trouble(group, args[1] if len(args) > 1 else args[0])
        return handler(*args, **tables)

    return tried


def _on(stanza: Stanza, events: Any, partitions: int) -> Stanza:
    sources = tuple(replace(source, event=events[source.topic]) for source in stanza.sources)
    return replace(stanza, sources=sources, partitions=partitions)
