"""lead.notify_candidates: chooses the wave's providers. `faust -A streams.steps.lead_notify_candidates worker`"""

from functools import partial

from streams.contracts.current import stanza
from streams.contracts.policy import saga_policy
from streams.domain import slip
from streams.domain.commands import LeadSlip
from streams.domain.effects import Effect
from streams.domain.waves import Wave, wave_at
from streams.runtime.app import build


def notify_candidates(message: LeadSlip, *, waves: tuple[Wave, ...]) -> list[Effect]:
    """The best candidates, at most the wave's size, as `offered`; what the saga does not need stays behind."""
    chosen = message.candidates[: wave_at(waves, message.wave).size]
    offered = [candidate.provider_id for candidate in chosen]
    return slip.advance(message, candidates=chosen, exclusions=[], offered=offered)


app = build(
    stanza("lead.notify_candidates"), partial(notify_candidates, waves=saga_policy().waves), give_up=slip.give_up
)
