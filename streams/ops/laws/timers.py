"""Law 8: no timer early, none lost, none twice. Times are those of the broker."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime

from streams.domain.commands import LeadSlip, WidenLead
from streams.domain.events import (
    LeadEscalated,
    LeadExpired,
    LeadOffered,
    LeadWidened,
    OrderPlaced,
    ProviderDeclinedLead,
)
from streams.domain.waves import SagaPolicy
from streams.ops.laws.history import Case, Fact, History, Place

WINDOW_OVER = "window_over"


def timers_once_and_in_time(history: History) -> Iterator[str]:
    dead = history.dead(history.groups("saga"))
    for case in history.cases.values():
        yield from _windows(case, history.policy)
        yield from _lost(case, history.policy, dead)
        yield from _ages(case, history.policy)
        yield from _twice(case)


def _windows(case: Case, policy: SagaPolicy) -> Iterator[str]:
    """A window counts from the append time of its wave's hand-off; one that all have declined has ended."""
    ended: list[tuple[Fact[WidenLead] | Fact[LeadWidened] | Fact[LeadEscalated], int]] = [
        *((each, each.record.wave) for each in case.of(WidenLead)),
        *((each, each.record.wave) for each in case.of(LeadWidened)),
        *((each, len(policy.waves) + 1) for each in case.of(LeadEscalated) if WINDOW_OVER in each.record.reasons),
    ]
    for fact, next_wave in ended:
        wave = _last_offered(case, next_wave)
        due = _window_end(case, wave, policy)
        if due and fact.time < due and not _have_all_declined(case, wave, fact.time):
            yield f"{case} left wave {wave} at {fact.time} ({fact}), before {due}"


def _lost(case: Case, policy: SagaPolicy, dead: Collection[Place]) -> Iterator[str]:
    """A hand-off that ever was in dead letters may have begun no window, or a later one has."""
    wave = _last_offered(case, len(policy.waves) + 1)
    due = _window_end(case, wave, policy, dead)
    has_gone_on = case.of(LeadEscalated) or any(each.record.wave > wave for each in case.of(WidenLead))
    if due and not has_gone_on and any(due < end.record.expired_at for end in case.of(LeadExpired)):
        yield f"{case} expired in wave {wave}, whose window had ended at {due} without a next one"


def _ages(case: Case, policy: SagaPolicy) -> Iterator[str]:
    deadlines = {order.time + policy.max_age for order in case.of(OrderPlaced)}
    said = [(each, each.record.expired_at) for each in case.of(LeadExpired)]
    offered = [(each, each.record.expires_at) for each in case.of(LeadOffered)]
    for fact, deadline in [*said, *offered]:
        if deadlines and deadline not in deadlines:
            yield f"{fact} says {deadline}, which is not the order's append time and {policy.max_age}"
    for fact, deadline in said:
        if fact.time < deadline:
            yield f"{case} expired at {fact.time} ({fact}), before {deadline}"


def _twice(case: Case) -> Iterator[str]:
    fired = Counter(
        [
            *(f"wave {each.record.wave} was asked for" for each in case.of(WidenLead)),
            *(f"wave {each.record.wave} was announced" for each in case.of(LeadWidened)),
            *("it escalated" for _ in case.of(LeadEscalated)),
            *("it expired" for _ in case.of(LeadExpired)),
        ]
    )
    for what, times in fired.items():
        if times > 1:
            yield f"{case}: {what} {times} times"


def _last_offered(case: Case, before: int) -> int:
    return max((o.record.wave for o in case.of(LeadOffered) if o.record.wave < before), default=0)


def _window_end(case: Case, wave: int, policy: SagaPolicy, without: Collection[Place] = ()) -> datetime | None:
    handed = [slip.time for slip in case.of(LeadSlip) if slip.record.wave == wave and slip.place not in without]
    return min(handed) + policy.window if handed else None


def _have_all_declined(case: Case, wave: int, by: datetime) -> bool:
    offered = {each.record.provider_id for each in case.of(LeadOffered) if each.record.wave == wave}
    return offered <= {each.record.provider_id for each in case.of(ProviderDeclinedLead) if each.time <= by}
