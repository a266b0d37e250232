"""lead.shortlist: leaves out candidates who barely fit. `faust -A streams.steps.lead_shortlist worker`"""

from streams.contracts.current import stanza
from streams.domain import slip
from streams.domain.commands import LeadSlip
from streams.domain.effects import Effect
from streams.runtime.app import build

ENOUGH = 60


def shortlist(message: LeadSlip) -> list[Effect]:
    """The slip without candidates whose score is below ENOUGH, and with how many those were."""
    kept = [candidate for candidate in message.candidates if candidate.score >= ENOUGH]
    weak = len(message.candidates) - len(kept)
    reasons = [*message.reasons, f"weak_match:{weak}"] if weak else message.reasons
    return slip.advance(message, candidates=kept, reasons=reasons)


app = build(stanza("lead.shortlist"), shortlist, give_up=slip.give_up)
