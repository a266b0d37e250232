"""Laws 2, 3 and 4 of leads.md as checks of one lead's whole log; each raises AssertionError where it is broken."""

from datetime import datetime

from streams.domain.events import (
    AcceptanceRefused,
    LeadAccepted,
    LeadCancelled,
    LeadExpired,
    LeadOffered,
    LeadOfferWithdrawn,
    ProviderAcceptedLead,
)
from tests.domain.lead_story import Entry, Story, records

ENDS = (LeadAccepted, LeadExpired, LeadCancelled)
OPEN = ("awaiting", "escalated")


def law_2_one_end_and_no_offer_after_it(log: list[Entry]) -> None:
    offered: list[str] = []
    withdrawn: list[str] = []
    end = None
    for _, _, effects in log:
        was_over = end is not None
        for record in records(effects):
            if isinstance(record, ENDS):
                assert end is None, f"{end} and {record}"
                end = record
            elif isinstance(record, LeadOffered):
                assert not was_over
                assert record.provider_id not in offered
                offered.append(record.provider_id)
            elif isinstance(record, LeadOfferWithdrawn):
                assert end is not None
                assert not was_over
                withdrawn.append(record.provider_id)
    losers = [provider for provider in offered if provider != getattr(end, "provider_id", None)]
    assert withdrawn == (losers if end else [])


def law_3_the_first_valid_acceptance_wins(log: list[Entry]) -> None:
    deadlines: dict[str, datetime] = {}
    is_over = False
    for now, event, effects in log:
        published = records(effects)
        won = [(each.provider_id, each.accepted_at) for each in published if isinstance(each, LeadAccepted)]
        due = []
        if isinstance(event, ProviderAcceptedLead) and not is_over and event.provider_id in deadlines:
            due = [(event.provider_id, now)] if now <= deadlines[event.provider_id] else []
        assert won == due
        is_over = is_over or any(isinstance(record, ENDS) for record in published)
        deadlines |= {record.provider_id: record.expires_at for record in published if isinstance(record, LeadOffered)}


def law_4_each_acceptance_has_one_answer(log: list[Entry]) -> None:
    offered: set[str] = set()
    answered: set[tuple[str, bool]] = set()
    for _, event, effects in log:
        published = records(effects)
        answers = [record for record in published if isinstance(record, LeadAccepted | AcceptanceRefused)]
        if isinstance(event, ProviderAcceptedLead):
            case = (event.provider_id, event.provider_id in offered)
            assert [answer.provider_id for answer in answers] == ([] if case in answered else [event.provider_id])
            answered.add(case)
        else:
            assert not answers
        offered |= {record.provider_id for record in published if isinstance(record, LeadOffered)}


def timers_fit_the_stage(story: Story) -> None:
    """An open lead always has its max age ahead, so that it ends; an ended or unknown one is forgotten some day."""
    stage, pending = story.state.stage if story.state else None, set(story.timers)
    if stage in OPEN:
        assert "max_age" in pending
        assert "forget" not in pending
        assert stage == "awaiting" or "window" not in pending
    else:
        assert pending == ({"forget"} if stage else set())


def check_laws(story: Story) -> None:
    law_2_one_end_and_no_offer_after_it(story.log)
    law_3_the_first_valid_acceptance_wins(story.log)
    law_4_each_acceptance_has_one_answer(story.log)
    timers_fit_the_stage(story)
