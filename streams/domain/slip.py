"""The routing slip: a plan that travels with the message, so that no coordinator has to know where it is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from streams.domain.commands import LeadRequest, LeadSlip, StartLead, WidenLead
from streams.domain.effects import Effect, Publish
from streams.domain.failure import Poison

SLIP_FAILED = "slip_failed"
MAX_REASON = 200
NO_RULES: Mapping[str, Sequence[str]] = MappingProxyType({})


def plan(
    lead: LeadRequest,
    default_plan: Sequence[str],
    known: Collection[str],
    by_priority: Mapping[str, Sequence[str]] = NO_RULES,
) -> list[str]:
    """The stops for this order: those of its priority, or the default; an empty plan ends.

    The last stop of the default plan is the hand-off, where every plan ends. Raises Poison for an address that
    is not in `known` and for a plan that ends elsewhere: refused when it is made, not when it is reached.
    """
    stops = list(by_priority.get(lead.priority, default_plan))
    _refuse_unknown(stops, known)
    if stops and stops[-1:] != list(default_plan[-1:]):
        raise Poison(f"plan_without_hand_off: {stops[-1]} is not the hand-off")
    return stops


def start(lead: LeadRequest, stops: list[str], wave: int, expires_at: datetime, offered: list[str]) -> list[Effect]:
    """Send a new slip to its first stop; nothing for an empty plan. `offered` are those of earlier waves."""
    slip = LeadSlip(
        lead_id=lead.lead_id, lead=lead, wave=wave, expires_at=expires_at, remaining=stops, already_offered=offered
    )
    return [Publish(slip, to=stops[0])] if stops else []


def next_stop(slip: LeadSlip) -> str | None:
    """Where the message goes from here; `remaining` begins with the stop that it is at."""
    return slip.remaining[1] if len(slip.remaining) > 1 else None


def advance(slip: LeadSlip, **found: Any) -> list[Effect]:
    """Send the slip, with what this step found, to its next stop; nothing when this was the last."""
    to = next_stop(slip)
    moved = replace(slip, visited=[*slip.visited, *slip.remaining[:1]], remaining=slip.remaining[1:], **found)
    return [] if to is None else [Publish(moved, to=to)]


def shorten(slip: LeadSlip, leave_out: Collection[str]) -> LeadSlip:
    """The slip without these stops ahead; the hand-off always stays."""
    here, ahead, last = slip.remaining[:1], slip.remaining[1:-1], slip.remaining[1:][-1:]
    return replace(slip, remaining=[*here, *(stop for stop in ahead if stop not in leave_out), *last])


def extend(slip: LeadSlip, stops: Sequence[str], known: Collection[str]) -> LeadSlip:
    """The slip with these stops next; raises Poison for an unknown address."""
    _refuse_unknown(stops, known)
    return replace(slip, remaining=[*slip.remaining[:1], *stops, *slip.remaining[1:]])


def give_up(slip: LeadSlip, reason: str) -> list[Effect]:
    """A step that gives up makes the hand-off itself, without candidates, so that the lead still ends."""
    failed = replace(
        slip,
        visited=[*slip.visited, *slip.remaining[:1]],
        remaining=slip.remaining[-1:],
        candidates=[],
        exclusions=[],
        offered=[],
        reasons=[SLIP_FAILED, reason[:MAX_REASON]],
    )
    return [Publish(failed, to=stop) for stop in failed.remaining]


def give_up_planning(command: StartLead | WidenLead, reason: str, hand_off: str) -> list[Effect]:
    """A planner that gives up, also on a refused plan, makes the hand-off itself."""
    wave, offered = (command.wave, command.already_offered) if isinstance(command, WidenLead) else (1, [])
    slip = LeadSlip(
        lead_id=command.lead_id,
        lead=command.lead,
        wave=wave,
        expires_at=command.expires_at,
        remaining=[hand_off],
        already_offered=offered,
        reasons=[SLIP_FAILED, reason[:MAX_REASON]],
    )
    return [Publish(slip, to=hand_off)]


def _refuse_unknown(stops: Sequence[str], known: Collection[str]) -> None:
    unknown = [stop for stop in stops if stop not in known]
    if unknown:
        raise Poison(f"unknown_step: {', '.join(unknown)}")
