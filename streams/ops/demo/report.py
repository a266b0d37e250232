"""The report at the end of a demo."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streams.ops.demo.figures import Spread, to_acceptance, to_first_offer
from streams.ops.demo.load import Load
from streams.ops.demo.view import Rows
from streams.ops.laws import History, Verdict

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Played:
    """What is known once everything stands still; the first LeadAccepted by its append time."""

    rows: Rows
    history: History
    verdicts: Sequence[Verdict]
    first_accepted_ms: int | None
    at_rest: Load | None


def report(played: Played, began: float) -> Iterator[str]:
    """Its lines: what happened, how fast since `began` (Unix seconds), and the laws one by one."""
    yield "What happened"
    for name, value in played.rows.items():
        yield f"  {name:<10} {value}"
    yield "How fast"
    for name, value in _figures(played, began):
        yield f"  {name:<34} {value}"
    yield "The laws"
    for verdict in played.verdicts:
        yield f"  {verdict.number}  {'held    ' if verdict.held else 'VIOLATED'}  {verdict.law}"
        for example in verdict.violations[:_EXAMPLES]:
            yield f"       {example}"
        if len(verdict.violations) > _EXAMPLES:
            yield f"       and {len(verdict.violations) - _EXAMPLES} more"
    yield "  7  not judged: that one group's trouble is nobody else's shows in no history"


def _figures(played: Played, began: float) -> Iterator[tuple[str, str]]:
    first, rest = played.first_accepted_ms, played.at_rest
    yield "command → first LeadAccepted", "none" if first is None else f"{first / 1000 - began:.1f} s"
    yield "order → first offer", _said(to_first_offer(played.history))
    yield "  where its first wave has anybody", _said(to_first_offer(played.history, up_to_wave=1))
    yield "acceptance → LeadAccepted", _said(to_acceptance(played.history))
    apps = len(played.history.topology.stanzas)
    yield f"all {apps} apps at rest", _cost(rest, apps) if rest else "not measured: this system has no /proc"


def _cost(load: Load, apps: int) -> str:
    each = load.cpu_percent / apps
    return f"{load.cpu_percent:.1f} % of a core, {each:.2f} % an app; {load.resident_mb:.0f} MB"


def _said(spread: Spread | None) -> str:
    return f"p50 {spread.p50_ms:.0f} ms, p99 {spread.p99_ms:.0f} ms ({spread.count})" if spread else "none"
