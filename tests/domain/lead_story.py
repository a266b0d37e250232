"""One lead as the engine drives it, and leads in each stage: records at append time, timers at due time, in order."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from streams.domain.commands import CancelLead, LeadRequest, LeadSlip, WidenLead
from streams.domain.effects import CancelTimer, Effect, Publish, SetTimer
from streams.domain.events import (
    AcceptanceRefused,
    Event,
    LeadEscalated,
    LeadOffered,
    LeadOfferWithdrawn,
    ProviderAcceptedLead,
    ProviderDeclinedLead,
    TimerDue,
)
from streams.domain.lead import decide
from streams.domain.lead_state import LeadState
from streams.domain.waves import SagaPolicy, Wave

PLACED = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW, MAX_AGE, KEEP = 15 * MINUTE, timedelta(hours=2), timedelta(days=30)
DEADLINE = PLACED + MAX_AGE
POLICY = SagaPolicy(window=WINDOW, max_age=MAX_AGE, keep=KEEP, waves=(Wave(2, "city"), Wave(1, "state")))
HAND_OFF = "lead.await_acceptance"
LEAD = LeadRequest(
    lead_id="lead-1",
    order_id="1",
    city="campinas",
    state="SP",
    categories=["toys"],
    total_cents=1000,
    priority="standard",
)

Entry = tuple[datetime, Event | TimerDue, list[Effect]]

CANCEL = CancelLead(lead_id=LEAD.lead_id, order_id=LEAD.order_id, reason="changed my mind")


def slip(wave: int, *offered: str, reasons: tuple[str, ...] = ()) -> LeadSlip:
    return LeadSlip(
        lead_id=LEAD.lead_id,
        lead=LEAD,
        wave=wave,
        expires_at=DEADLINE,
        remaining=[HAND_OFF],
        offered=list(offered),
        reasons=list(reasons),
    )


def accept(provider: str) -> ProviderAcceptedLead:
    return ProviderAcceptedLead(lead_id=LEAD.lead_id, provider_id=provider)


def decline(provider: str) -> ProviderDeclinedLead:
    return ProviderDeclinedLead(lead_id=LEAD.lead_id, provider_id=provider, reason="busy")


def records(effects: list[Effect]) -> list[Event]:
    return [effect.record for effect in effects if isinstance(effect, Publish)]


@dataclass
class Story:
    """The lead's state, its pending timers and everything that happened, oldest first."""

    policy: SagaPolicy = POLICY
    state: LeadState | None = None
    clock: datetime = PLACED
    timers: dict[str, SetTimer] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)

    @property
    def stage(self) -> str:
        return self.state.stage if self.state else "no lead"

    def fork(self) -> "Story":
        return Story(self.policy, self.state, self.clock, dict(self.timers), list(self.log))

    def hear(self, event: Event, after: timedelta = MINUTE) -> list[Event]:
        """Handle a record appended `after` the last thing that happened; the records that it publishes."""
        self.clock += after
        return self._turn(event, self.clock)

    def wait(self, until: datetime) -> list[Event]:
        """Let time pass, firing what comes due on the way."""
        published: list[Event] = []
        while due := min(
            (t for t in self.timers.values() if t.due <= until), key=lambda t: (t.due, t.name), default=None
        ):
            del self.timers[due.name]
            published += self._turn(TimerDue(key=LEAD.lead_id, name=due.name, wave=due.wave), due.due)
        self.clock = max(self.clock, until)
        return published

    def _turn(self, event: Event | TimerDue, now: datetime) -> list[Event]:
        self.state, effects = decide(self.state, event, now, self.policy)
        self.log.append((now, event, effects))
        for effect in effects:
            if isinstance(effect, SetTimer):
                self.timers[effect.name] = effect
            elif isinstance(effect, CancelTimer):
                self.timers.pop(effect.name, None)
        return records(effects)


def awaiting() -> Story:
    """A lead of one wave: a, b and c."""
    story = Story()
    story.hear(slip(1, "a", "b", "c"))
    return story


def escalated() -> Story:
    story = awaiting()
    story.hear(slip(2, reasons=("slip_failed",)))
    return story


def ended(how: str) -> Story:
    story = awaiting()
    if how == "expired":
        story.wait(DEADLINE)
    else:
        story.hear(accept("a") if how == "accepted" else CANCEL)
    return story


def refused(provider: str, reason: str) -> AcceptanceRefused:
    return AcceptanceRefused(lead_id="lead-1", provider_id=provider, reason=reason)


def withdrawn(reason: str, *providers: str) -> list[Event]:
    return [
        LeadOfferWithdrawn(lead_id="lead-1", order_id="1", provider_id=provider, reason=reason)
        for provider in providers
    ]


def offered(provider: str, wave: int) -> LeadOffered:
    return LeadOffered(lead_id="lead-1", order_id="1", provider_id=provider, wave=wave, expires_at=DEADLINE)


def widen(wave: int, *already: str) -> WidenLead:
    return WidenLead(lead_id="lead-1", lead=LEAD, wave=wave, already_offered=list(already), expires_at=DEADLINE)


def escalation(*reasons: str) -> LeadEscalated:
    return LeadEscalated(lead_id="lead-1", order_id="1", reasons=list(reasons))
