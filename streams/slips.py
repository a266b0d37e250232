"""The planners: a command becomes a routing slip. `faust -A streams.slips:lead_start worker`, `:lead_widen`"""

from collections.abc import Callable
from functools import partial
from typing import Any

from streams.contracts.current import stanza, topology
from streams.domain import slip
from streams.domain.commands import LeadRequest, StartLead, WidenLead
from streams.domain.effects import Effect
from streams.runtime.app import build

FIRST_WAVE = 1
Plan = Callable[[LeadRequest], list[str]]  # of the map: the stops for this order


def start(command: StartLead, *, plan: Plan) -> list[Effect]:
    """A new lead's first slip; raises Poison where the plan is refused."""
    stops = plan(command.lead)
    return slip.start(command.lead, stops, FIRST_WAVE, command.expires_at, [])


def widen(command: WidenLead, *, plan: Plan) -> list[Effect]:
    """The slip of a lead's next wave; raises Poison where the plan is refused."""
    stops = plan(command.lead)
    return slip.start(command.lead, stops, command.wave, command.expires_at, command.already_offered)


def _planner(group: str, handler: Callable[..., list[Effect]]) -> Any:
    planner = stanza(group)
    known = frozenset(event.topic for event in topology().topics_of("LeadSlip"))
    hand_off = next(source.topic for source in stanza("leads").sources if source.topic in known)
    give_up = partial(slip.give_up_planning, hand_off=hand_off)
    plan = partial(slip.plan, default_plan=planner.plan, known=known, by_priority=planner.plan_by_priority)
    return build(planner, partial(handler, plan=plan), give_up=give_up)


lead_start = _planner("lead.start", start)
lead_widen = _planner("lead.widen", widen)
