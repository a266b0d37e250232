"""lead.match: candidates, scored, each exclusion with its reason. `faust -A streams.steps.lead_match worker`"""

from collections.abc import Iterable
from functools import partial
from typing import Protocol

from streams.contracts.current import stanza
from streams.contracts.policy import saga_policy
from streams.domain import matching, slip
from streams.domain.commands import LeadSlip
from streams.domain.effects import Effect
from streams.domain.events import ProviderProfile
from streams.domain.waves import Wave, wave_at
from streams.runtime.app import build


class Directory(Protocol):
    """The providers as of now."""

    def values(self) -> Iterable[ProviderProfile]: ...


def match(message: LeadSlip, *, waves: tuple[Wave, ...], providers: Directory) -> list[Effect]:
    """The slip with its wave's candidates and exclusions."""
    wave = wave_at(waves, message.wave)
    found = matching.match(message.lead, wave, message.already_offered, providers.values())
    return slip.advance(message, candidates=found.candidates, exclusions=found.exclusions, reasons=found.reasons)


app = build(
    stanza("lead.match"),
    partial(match, waves=saga_policy().waves),
    tables={"providers": "provider.profile.v1"},
    give_up=slip.give_up,
)
