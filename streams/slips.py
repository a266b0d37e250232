"""The planners: a command becomes a routing slip. `faust -A streams.slips:lead_start worker`, `:lead_widen`"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from streams.contracts.current import stanza, topology
from streams.domain import slip
from streams.domain.commands import StartLead, WidenLead
from streams.domain.effects import Effect
from streams.runtime.app import build

FIRST_WAVE = 1


def start(command: StartLead, *, default_plan: Sequence[str], known: Collection[str]) -> list[Effect]:
    """A new lead's first slip; raises Poison where the plan is refused."""
    stops = slip.plan(command.lead, default_plan, known)
    return slip.start(command.lead, stops, FIRST_WAVE, command.expires_at, [])


def widen(command: WidenLead, *, default_plan: Sequence[str], known: Collection[str]) -> list[Effect]:
    """The slip of a lead's next wave; raises Poison where the plan is refused."""
    stops = slip.plan(command.lead, default_plan, known)
    return slip.start(command.lead, stops, command.wave, command.expires_at, command.already_offered)


def _planner(group: str, handler: Callable[..., list[Effect]]) -> Any:
    planner = stanza(group)
    known = frozenset(event.topic for event in topology().topics_of("LeadSlip"))
    hand_off = next(source.topic for source in stanza("leads").sources if source.topic in known)
    give_up = partial(slip.give_up_planning, hand_off=hand_off)
    return build(planner, partial(handler, default_plan=planner.plan, known=known), give_up=give_up)


lead_start = _planner("lead.start", start)
lead_widen = _planner("lead.widen", widen)
