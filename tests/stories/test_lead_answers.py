"""Who is told what: one winner a lead, one answer an acceptance, whatever comes when (leads.md, the saga's table)."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from streams.contracts.partitioner import partition_of
from streams.domain.commands import LeadSlip
from streams.domain.events import (
    Event,
    LeadAccepted,
    LeadCancelled,
    LeadEscalated,
    LeadOffered,
    LeadWidened,
    ProviderAcceptedLead,
)
from tests.flow import Flow
from tests.stories.market import (
    APPS,
    accepts,
    await_refusal,
    await_said,
    broken_laws,
    cancel,
    declines,
    leads_of,
    leads_only,
    offered,
    order,
    refusals,
    said,
    toy_shops,
    withdrawn,
)
from tests.worker import until

ACCEPTED = "provider.accepted.v1"
MAX_STRANGERS = 100


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """Five toy shops in the customer's city and two elsewhere in its state; windows that never end meanwhile."""
    wanted = leads_only("30m", "1h", (5, "city"), (2, "state"))
    with Flow(broker, tmp_path_factory.mktemp("answers"), wanted) as flow:
        flow.send(*toy_shops("campinas", "SP", 5), *toy_shops("santos", "SP", 2))
        flow.run(*APPS)
        yield flow


def at_once(flow: Flow, *sent: Sequence[Event]) -> None:
    """Each list through a producer of its own, all of them at the same time."""
    start = threading.Barrier(len(sent))

    def send(records: Sequence[Event]) -> None:
        start.wait()
        flow.send(*records)

    threads = [threading.Thread(target=send, args=(records,)) for records in sent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_accept_at_once_and_one_wins_the_other_and_all_later_ones_are_refused(flow: Flow) -> None:
    leads = order(flow, *(f"race-{number}" for number in range(8)))
    await_said(flow, LeadOffered, *leads)
    for lead in leads:
        assert sorted(offered(flow, lead)) == [f"campinas-{number}" for number in range(5)]
    at_once(flow, *([accepts(lead, f"campinas-{number}") for lead in leads] for number in (0, 1)))
    await_said(flow, LeadAccepted, *leads)
    flow.send(*(accepts(lead, provider) for lead in leads for provider in ("campinas-2", "campinas-0")))
    for lead in leads:
        await_refusal(flow, lead, "campinas-2")
        first = said(flow, ProviderAcceptedLead, lead)[0].provider_id
        loser = {"campinas-0": "campinas-1", "campinas-1": "campinas-0"}[first]
        assert [won.provider_id for won in said(flow, LeadAccepted, lead)] == [first]
        assert refusals(flow, lead) == {loser: "already_taken", "campinas-2": "already_taken"}
        others = {f"campinas-{number}" for number in range(5)} - {first}
        assert withdrawn(flow, lead) == dict.fromkeys(others, "already_taken")


def test_a_cancelled_order_withdraws_its_offers(flow: Flow) -> None:
    (lead,) = order(flow, "cancelled")
    shops = offered(flow, lead)
    cancel(flow, "cancelled")
    assert [each.reason for each in await_said(flow, LeadCancelled, lead)] == ["changed my mind"]
    assert withdrawn(flow, lead) == dict.fromkeys(shops, "cancelled")
    flow.send(accepts(lead, shops[0]))
    assert await_refusal(flow, lead, shops[0]) == "cancelled"


def test_an_order_cancelled_before_it_came_is_never_offered(flow: Flow) -> None:
    cancel(flow, "too late")
    (lead,) = leads_of("too late")
    await_said(flow, LeadCancelled, lead)
    order(flow, "too late")
    (slip,) = await_said_at_hand_off(flow, lead)
    assert len(slip.offered) == 5
    flow.send(accepts(lead, "campinas-0"))
    assert await_refusal(flow, lead, "campinas-0") == "cancelled"
    assert (said(flow, LeadOffered, lead), withdrawn(flow, lead)) == ([], {})


def await_said_at_hand_off(flow: Flow, lead: str) -> list[LeadSlip]:
    def handed() -> list[LeadSlip]:
        return [slip for slip in flow.events("lead.await_acceptance") if slip.lead_id == lead]

    return until(handed, f"the hand-off of {lead}")


def test_a_cancellation_after_the_win_is_only_noted(flow: Flow) -> None:
    (lead,) = order(flow, "won")
    winner = offered(flow, lead)[0]
    flow.send(accepts(lead, winner))
    assert [won.provider_id for won in await_said(flow, LeadAccepted, lead)] == [winner]
    cancel(flow, "won")
    noted = ("cancellation after accepted", "changed my mind")
    until(lambda: history(flow, "won")[-1] == noted, "it in the lead's history")
    assert said(flow, LeadCancelled, lead) == []


def history(flow: Flow, order: str) -> list[tuple[str, str]]:
    return [(line["what"], line["why"]) for line in flow.json("leads", "show", order)["state"]["history"]]


def test_an_order_placed_twice_is_one_lead(flow: Flow) -> None:
    order(flow, "twice")
    (lead,) = order(flow, "twice")
    until(lambda: len(await_said_at_hand_off(flow, lead)) == 2, "two hand-offs")
    flow.send(accepts(lead, "a stranger"))
    await_refusal(flow, lead, "a stranger")
    assert Counter(offered(flow, lead)) == Counter(f"campinas-{number}" for number in range(5))


def test_a_stranger_is_refused_and_judged_anew_once_it_is_offered(flow: Flow) -> None:
    (lead,) = leads_of("early")
    flow.send(accepts(lead, "campinas-3"), accepts(lead, "campinas-3"), accepts(lead, "nobody"))
    assert await_refusal(flow, lead, "nobody") == "not_offered"
    order(flow, "early")
    offered(flow, lead)
    flow.send(accepts(lead, "campinas-3"), accepts(lead, "nobody"), accepts(lead, "campinas-4"))
    assert await_refusal(flow, lead, "campinas-4") == "already_taken"
    assert [won.provider_id for won in said(flow, LeadAccepted, lead)] == ["campinas-3"]
    assert refusals(flow, lead) == {
        "campinas-3": "not_offered", "nobody": "not_offered", "campinas-4": "already_taken",
    }  # fmt: skip


def test_when_all_have_declined_the_next_wave_starts_at_once_and_at_last_somebody_must_look(flow: Flow) -> None:
    (lead,) = order(flow, "declined")
    first = offered(flow, lead)
    flow.send(*(declines(lead, shop) for shop in first))
    second = offered(flow, lead, wave=2)
    assert sorted(second) == ["santos-0", "santos-1"]
    flow.send(*(declines(lead, shop) for shop in second))
    assert [each.reasons for each in await_said(flow, LeadEscalated, lead)] == [["all_declined"]]
    assert [each.wave for each in said(flow, LeadWidened, lead)] == [2]
    flow.send(accepts(lead, first[0]))
    assert [won.wave for won in await_said(flow, LeadAccepted, lead)] == [1]


def test_the_hundred_and_first_stranger_of_a_lead_lies_in_dead_letters_with_its_reason(flow: Flow) -> None:
    (lead,) = order(flow, "popular")
    offered(flow, lead)
    flow.send(*(accepts(lead, f"stranger-{number}") for number in range(MAX_STRANGERS + 1)))
    letter = until(lambda: [x for x in flow.letters("leads") if x.stored.key == lead.encode()], "a dead letter")[0]
    assert (letter.facts.error_message, letter.facts.attempts) == ("too_many_strangers", 1)
    assert len(refusals(flow, lead)) == MAX_STRANGERS


def stray(flow: Flow, lead: str, provider: str) -> str:
    """An acceptance from a producer with another partitioner; returns the id of its dead letter."""
    value = flow.encode(ACCEPTED, accepts(lead, provider))
    id = flow.write(ACCEPTED, value, lead.encode(), partition=1 - partition_of(lead.encode(), 2))
    letter = until(lambda: [x for x in flow.letters("leads") if x.id == id], "a dead letter")[0]
    assert letter.facts.error_message.startswith("wrong_partition")
    return id


def test_an_acceptance_on_a_wrong_partition_is_replayed_to_its_own(flow: Flow) -> None:
    (lead,) = order(flow, "stray")
    offered(flow, lead)
    id = stray(flow, lead, "campinas-0")
    flow.send(accepts(lead, "a stranger"))
    assert await_refusal(flow, lead, "a stranger") == "not_offered", "the key waits for nothing"
    assert flow.cli("dead", "replay", id).returncode == 0
    assert [won.provider_id for won in await_said(flow, LeadAccepted, lead)] == ["campinas-0"]
    assert [letter.id for letter in flow.letters("leads")].count(id) == 1


def test_a_stray_acceptance_of_a_lead_that_nobody_knows_is_answered_too(flow: Flow) -> None:
    (lead,) = leads_of("unheard of")
    id = stray(flow, lead, "campinas-0")
    assert flow.cli("dead", "replay", id).returncode == 0
    assert await_refusal(flow, lead, "campinas-0") == "not_offered"
    assert [letter.id for letter in flow.letters("leads")].count(id) == 1


def test_an_outside_judge_finds_every_law_kept(flow: Flow) -> None:
    unended = ["twice", "popular"]
    cancel(flow, *unended)
    await_said(flow, LeadCancelled, *leads_of(*unended))
    flow.wait_idle(*APPS)
    assert broken_laws(flow) == []
