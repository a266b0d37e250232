"""A lead's state in one sentence."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from streams.domain import lead_state as stages
from streams.ops.whereabouts import Sighting


def explain(
    state: Mapping[str, Any], remaining: Mapping[str, float], unfinished: Sequence[Sighting], waves: int
) -> str:
    """Why a lead is in its stage, what comes next, and what holds it up; `remaining` is seconds by timer name."""
    return "; ".join([*_now(state, waves), *_next(state, remaining), *map(_held_up, unfinished)])


def _now(state: Mapping[str, Any], waves: int) -> list[str]:
    match state["stage"]:
        case stages.AWAITING:
            return [f"wave {state['wave']} of {waves}: {_answers(state)}"]
        case stages.ESCALATED:
            return [f"nobody took it in {state['wave']} of {waves} waves: {_answers(state)}; it may still be accepted"]
        case stages.ACCEPTED:
            return [f"{state['winner']} accepted it first"]
        case stages.UNKNOWN:
            return ["no hand-off has come yet; only providers that were never offered it have answered"]
    last = state["history"][-1] if state["history"] else None
    return [f"{state['stage']}: {last['what']} ({last['why']})" if last else state["stage"]]


def _answers(state: Mapping[str, Any]) -> str:
    offers = state["offers"]
    declined = sum(offer["has_declined"] for offer in offers)
    return f"{len(offers)} offered, {declined} declined, {len(offers) - declined} silent"


def _next(state: Mapping[str, Any], remaining: Mapping[str, float]) -> list[str]:
    is_widening = state["asked_wave"] > state["wave"] and state["stage"] == stages.AWAITING
    asked = [f"wave {state['asked_wave']} was asked for and is on its way"] if is_widening else []
    said = {"window": "this wave's window ends", "max_age": "the lead expires", "forget": "it is forgotten"}
    return asked + [_when(said.get(name, f"timer {name} is due"), left) for name, left in remaining.items()]


def _when(what: str, seconds: float) -> str:
    if seconds >= 0:
        return f"{what} in {_span(seconds)}"
    return f"{what}, overdue by {_span(-seconds)}: is a worker of the saga running, and has it read its input?"


def _held_up(one: Sighting) -> str:
    return f"{one.record} is {one.fate} in {one.group}" + (f" ({one.detail})" if one.detail else "")


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
