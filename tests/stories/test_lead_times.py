"""Check 10: what nobody answers moves on when it is due: once, never early, soon after; also over restarts."""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from streams.domain.commands import LeadSlip, WidenLead
from streams.domain.events import (
    AcceptanceRefused,
    LeadAccepted,
    LeadExpired,
    LeadOffered,
    LeadWidened,
    ProviderAcceptedLead,
)
from tests.flow import Flow, placed
from tests.stories.market import (
    APPS,
    accepts,
    await_said,
    broken_laws,
    leads_of,
    leads_only,
    said,
    toy_shops,
)
from tests.worker import until

SECOND = timedelta(seconds=1)
WINDOW, MAX_AGE = 4 * SECOND, 12 * SECOND
FIRST = {"alone": 12, "taken": 6}
LATER = {"meanwhile": 3, "last": 3, "late": 3}  # accepted while the worker is down: in the window, in time, too late
OVERDUE = leads_of("overdue-0", "overdue-1")  # ordered while the worker is down, until after their deadline
LEADS = {kind: leads_of(*(f"{kind}-{n}" for n in range(count))) for kind, count in {**FIRST, **LATER}.items()}
ALONE = LEADS["alone"]


class Story:
    """One system; what happens to its leads while its worker comes and goes."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.worker = flow, flow.run(*APPS)
        self.worker.wait_ready()
        self.ready_again = datetime.now(UTC)

    def take_some_shortly_before_their_window_ends(self) -> None:
        self.place(FIRST)
        ends = [self.end_of(lead, 1) for lead in LEADS["taken"]]
        for number, (lead, end) in enumerate(zip(LEADS["taken"], ends, strict=True)):
            wait_until(end - (1.5 - 0.2 * number) * SECOND)
            self.flow.send(accepts(lead, "campinas-0"))

    def restart_at_half_time(self) -> None:
        self.await_wave(2, *ALONE)
        wait_until(min(self.end_of(lead, 2) for lead in ALONE) - WINDOW / 2)
        self.worker.kill()
        self.worker = self.flow.run(*APPS)
        self.worker.wait_ready()
        self.ready_again = datetime.now(UTC)

    def be_down_over_the_deadline(self) -> None:
        self.place(LATER)
        self.worker.kill()
        self.flow.send(*(accepts(lead, "campinas-1") for lead in LEADS["meanwhile"]))
        later = [lead for kind in LATER for lead in LEADS[kind]]
        deadlines = [self.deadlines()[lead] for lead in later]
        self.order(*OVERDUE)
        wait_until(min(deadlines) - SECOND)
        self.flow.send(*(accepts(lead, "campinas-2") for lead in LEADS["last"]))
        wait_until(max(*deadlines, *self.deadlines().values()) + SECOND / 10)
        self.flow.send(*(accepts(lead, "campinas-3") for lead in LEADS["late"]))
        self.worker = self.flow.run(*APPS)

    def end(self) -> None:
        await_said(self.flow, LeadAccepted, *LEADS["taken"], *LEADS["meanwhile"], *LEADS["last"])
        await_said(self.flow, LeadExpired, *ALONE, *LEADS["late"], *OVERDUE)
        await_said(self.flow, AcceptanceRefused, *LEADS["late"])

    def place(self, kinds: Iterable[str]) -> None:
        """Orders whose leads are offered then."""
        leads = [lead for kind in kinds for lead in LEADS[kind]]
        self.order(*leads)
        self.await_wave(1, *leads)

    def order(self, *leads: str) -> None:
        self.flow.send(*placed(*(lead.removeprefix("lead-") for lead in leads)))

    def deadlines(self) -> dict[str, datetime]:
        """The end of each lead's max age, which counts from its order's append time."""
        orders = self.flow.events("order.placed.v1")
        return dict(
            zip(leads_of(*(order.order_id for order in orders)), (o.time + MAX_AGE for o in orders), strict=True)
        )

    def await_wave(self, wave: int, *leads: str) -> None:
        def offered() -> set[str]:
            return {offer.lead_id for offer in said(self.flow, LeadOffered) if offer.wave == wave}

        until(lambda: set(leads) <= offered(), f"wave {wave} of everybody")

    def end_of(self, lead: str, wave: int) -> datetime:
        """When the window of this wave ends: it counts from the append time of its hand-off."""
        slips: list[LeadSlip] = self.flow.events("lead.await_acceptance")
        return min(slip.time for slip in slips if (slip.lead_id, slip.wave) == (lead, wave)) + WINDOW


def wait_until(instant: datetime) -> None:
    time.sleep(max(0.0, (instant - datetime.now(UTC)) / SECOND))


@pytest.fixture(scope="module")
def story(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    wanted = leads_only("4s", "12s", (5, "city"), (2, "state"), (2, "country"))
    with Flow(broker, tmp_path_factory.mktemp("times"), wanted) as flow:
        flow.send(*toy_shops("campinas", "SP", 5), *toy_shops("santos", "SP", 2), *toy_shops("recife", "PE", 2))
        story = Story(flow)
        story.take_some_shortly_before_their_window_ends()
        story.restart_at_half_time()
        story.be_down_over_the_deadline()
        story.end()
        yield story


def widenings(story: Story, wave: int, leads: Iterable[str]) -> dict[str, datetime]:
    """When the slip of this wave was asked for, of each lead; nobody's was asked for twice."""
    found = [each for each in said(story.flow, WidenLead, *leads) if each.wave == wave]
    assert len({each.lead_id for each in found}) == len(found)
    return {each.lead_id: each.time for each in found}


def lateness(story: Story, wave: int) -> list[timedelta]:
    asked = widenings(story, wave + 1, ALONE)
    assert asked.keys() == set(ALONE)
    return sorted(asked[lead] - story.end_of(lead, wave) for lead in ALONE)


def test_the_next_wave_starts_once_when_the_window_is_over_not_early_and_at_most_a_second_late(story: Story) -> None:
    late = lateness(story, 1)
    assert late[0] >= timedelta(0)
    assert late[-1] <= SECOND


def test_a_restart_at_half_time_changes_nothing(story: Story) -> None:
    late = lateness(story, 2)
    assert late[0] >= timedelta(0)
    down_over_the_end = max(timedelta(0), story.ready_again - min(story.end_of(lead, 2) for lead in ALONE))
    assert late[-1] <= SECOND + down_over_the_end


def test_each_wave_is_announced_once(story: Story) -> None:
    announced = sorted(each.lead_id for each in said(story.flow, LeadWidened, *ALONE) if each.wave == 2)
    assert announced == sorted(ALONE)


@pytest.mark.parametrize("kind", ["taken", "meanwhile"])
def test_who_was_accepted_in_its_window_is_not_widened(story: Story, kind: str) -> None:
    """Judged by when the log had them: on a slow machine some may come too late for that."""
    left = {
        each.lead_id: story.end_of(each.lead_id, 1) - each.time
        for each in said(story.flow, ProviderAcceptedLead, *LEADS[kind])
    }
    in_time = [lead for lead, time_left in left.items() if time_left > timedelta(0)]
    assert in_time, left
    assert widenings(story, 2, in_time) == {}
    assert said(story.flow, LeadWidened, *in_time) == []


def test_an_acceptance_in_the_log_in_time_wins_although_it_is_read_after_the_deadline(story: Story) -> None:
    for kind in ("meanwhile", "last"):
        won = said(story.flow, LeadAccepted, *LEADS[kind])
        assert sorted(each.lead_id for each in won) == LEADS[kind]
        sent = {each.lead_id: each.time for each in said(story.flow, ProviderAcceptedLead, *LEADS[kind])}
        assert {each.lead_id: each.accepted_at for each in won} == sent


def test_an_acceptance_after_the_deadline_loses(story: Story) -> None:
    refused = said(story.flow, AcceptanceRefused)
    assert sorted((each.lead_id, each.reason) for each in refused) == [(lead, "expired") for lead in LEADS["late"]]


def test_nobodys_leads_expire_once_at_their_deadline(story: Story) -> None:
    ended = sorted([*ALONE, *LEADS["late"], *OVERDUE])
    deadlines, expired = story.deadlines(), said(story.flow, LeadExpired)
    assert sorted(each.lead_id for each in expired) == ended
    assert {each.lead_id: each.expired_at for each in expired} == {lead: deadlines[lead] for lead in ended}
    offers = said(story.flow, LeadOffered)
    assert {offer.lead_id: offer.expires_at for offer in offers} == deadlines, "also the overdue ones were offered"


def test_an_outside_judge_finds_every_law_kept(story: Story) -> None:
    story.flow.wait_idle(*APPS)
    assert broken_laws(story.flow) == []
