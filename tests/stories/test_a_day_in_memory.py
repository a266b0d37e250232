"""Check 10 on a clock that a test moves: the shipped apps, a day in under a second, every deadline to the second."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from streams.contracts.names import lead_id
from streams.contracts.policy import saga_policy
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.failure import Unreachable
from streams.domain.lead import decide
from streams.subscribers.matching import translate
from streams.testing import Flow
from streams.testing.apps import spec_of
from tests.flow import placed
from tests.stories.market import accepts, toy_shops

WINDOW = saga_policy().window
DAY, SECOND = timedelta(hours=24), timedelta(seconds=1)
LEAD = lead_id("order")
PARTNER = "partner_x"
OTHERS = ("lead.start", "lead.widen", "lead.match", "lead.notify_candidates", "notifications", "analytics", PARTNER)
EVERYBODY = ("matching", "leads", *OTHERS)


class Listener:
    """A partner: what reached it, unless it is down."""

    def __init__(self) -> None:
        self.heard: list[Delivery] = []
        self.is_down = False

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        if self.is_down:
            raise Unreachable(reason="nobody is there")
        self.heard.append(message)
        return ()

    async def close(self) -> None:
        """It keeps nothing open."""


@pytest.fixture
def partner() -> Listener:
    return Listener()


@pytest.fixture
def flow(partner: Listener) -> Iterator[Flow]:
    """The shipped apps, with a max age of a day, in a city and a state with shops."""
    matching = replace(spec_of("matching"), react=partial(translate, max_age=DAY))
    leads = replace(spec_of("leads"), decide=partial(decide, policy=replace(saga_policy(), max_age=DAY)))
    with Flow(matching, leads, *OTHERS, channels={PARTNER: partner}) as flow:
        flow.send(*toy_shops("campinas", "SP", 7), *toy_shops("santos", "SP", 3), *toy_shops("recife", "PE", 2))
        yield flow


def order(flow: Flow, *ids: str) -> None:
    flow.send(*placed(*ids))
    flow.settle()


def end_of(flow: Flow, wave: int) -> datetime:
    """When the window of this wave of the lead ends: it counts from the append time of its hand-off."""
    (handed,) = (slip for slip in flow.events("lead.await_acceptance") if (slip.lead_id, slip.wave) == (LEAD, wave))
    end: datetime = handed.time + WINDOW
    return end


def deadline(flow: Flow) -> datetime:
    placed_at: datetime = flow.events("order.placed.v1")[0].time
    return placed_at + DAY


def go_to(flow: Flow, instant: datetime) -> None:
    flow.advance(instant - flow.clock.now())


def late(flow: Flow, *topics: str) -> list[timedelta]:
    """How long after the end of its window each wave was over, in the order of the waves."""
    asked = [each for topic in topics for each in flow.events(topic)]
    return [each.time - end_of(flow, number) for number, each in enumerate(asked, 1)]


def offered(flow: Flow) -> list[str]:
    return [offer.provider_id for offer in flow.events("lead.offered.v1")]


def said(flow: Flow) -> list[str]:
    """How the lead ended, and everything it was said on the way, offers aside."""
    topics = ("widened", "escalated", "accepted", "expired", "refused")
    return [topic for topic in topics for _ in flow.events(f"lead.{topic}.v1")]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["undisturbed", "with a restart at half time"])
def test_nobody_accepts_in_a_day(flow: Flow, is_restarted: bool) -> None:
    watch = time.perf_counter()
    order(flow, "order")
    if is_restarted:
        flow.advance(WINDOW / 2)
        flow.kill(*EVERYBODY)
        flow.advance(WINDOW / 4)
        flow.start(*EVERYBODY)
    go_to(flow, end_of(flow, 1) - SECOND)
    assert {offer.wave for offer in flow.events("lead.offered.v1")} == {1}
    flow.advance(2 * SECOND)
    assert {offer.wave for offer in flow.events("lead.offered.v1")} == {1, 2}
    go_to(flow, deadline(flow) - SECOND)
    assert said(flow) == ["widened", "widened", "escalated"]
    assert [offer.wave for offer in flow.events("lead.offered.v1")] == [1] * 5 + [2] * 5 + [3] * 2
    assert all(timedelta(0) <= each <= SECOND for each in late(flow, "lead.widen", "lead.escalated.v1"))
    flow.advance(2 * SECOND)
    (expired,) = flow.events("lead.expired.v1")
    assert expired.expired_at == deadline(flow)
    assert timedelta(0) <= expired.time - deadline(flow) <= SECOND
    flow.advance(DAY)
    assert said(flow) == ["widened", "widened", "escalated", "expired"]
    assert time.perf_counter() - watch < 5, "two days"


def test_accepted_a_second_before_the_window_ends_it_goes_no_further(flow: Flow, partner: Listener) -> None:
    order(flow, "order")
    go_to(flow, end_of(flow, 1) - SECOND)
    first, *_ = offered(flow)
    flow.send(accepts(LEAD, first))
    flow.advance(DAY)
    assert said(flow) == ["accepted"]
    assert [message.fields["provider_id"] for message in partner.heard] == [first]


def test_an_acceptance_in_the_log_before_the_deadline_wins_although_it_is_read_after_it(flow: Flow) -> None:
    order(flow, "order")
    go_to(flow, deadline(flow) - 2 * SECOND)
    flow.kill("leads")
    flow.advance(SECOND)
    flow.send(accepts(LEAD, "campinas-3"))
    sent_at = flow.clock.now()
    flow.advance(2 * SECOND)
    flow.send(accepts(LEAD, "campinas-4"))
    flow.advance(timedelta(minutes=30))
    flow.start("leads")
    (won,) = flow.events("lead.accepted.v1")
    assert (won.provider_id, won.accepted_at) == ("campinas-3", sent_at)
    assert said(flow) == ["widened", "widened", "escalated", "accepted", "refused"]


def test_an_acceptance_after_the_deadline_loses_also_where_nobody_has_noticed_yet(flow: Flow) -> None:
    order(flow, "order")
    go_to(flow, deadline(flow) - SECOND)
    flow.kill("leads")
    flow.advance(2 * SECOND)
    flow.send(accepts(LEAD, "campinas-3"))
    flow.start("leads")
    (refused,) = flow.events("lead.refused.v1")
    assert (refused.provider_id, refused.reason) == ("campinas-3", "expired")
    assert said(flow)[-2:] == ["expired", "refused"]


def test_a_partner_that_is_down_for_ten_minutes_hears_everything_once_when_it_is_back(
    flow: Flow, partner: Listener
) -> None:
    orders = [f"order-{number}" for number in range(9)]
    order(flow, *orders)
    partner.is_down = True
    for each in orders:
        (provider, *_) = (o.provider_id for o in flow.events("lead.offered.v1") if o.lead_id == lead_id(each))
        flow.send(accepts(lead_id(each), provider))
        flow.advance(10 * SECOND)
    flow.advance(timedelta(minutes=10))
    assert partner.heard == [] and flow.dead_letters(PARTNER) == []
    partner.is_down = False
    flow.advance(timedelta(minutes=1))
    assert sorted(message.fields["lead_id"] for message in partner.heard) == sorted(map(lead_id, orders))

