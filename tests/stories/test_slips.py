"""Checks 6 and 7: the way of an order is a plan that travels; whatever becomes of it, the lead ends."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from streams.domain.commands import LeadSlip, StartLead
from streams.domain.events import LeadEscalated, LeadExpired, LeadOffered, LeadWidened, OrderPlaced
from tests.flow import ROOT, Flow, Map, placed
from tests.stories.market import (
    APPS,
    await_said,
    broken_laws,
    leads_of,
    leads_only,
    offered,
    said,
    toy_shops,
)
from tests.worker import until

MATCH, VET, NOTIFY, JUDGE = "lead.match", "lead.vet", "lead.notify_candidates", "lead.await_acceptance"
STEPS = [MATCH, VET, NOTIFY]
SHOPS = [f"campinas-{number}" for number in range(3)]
VET_MODULE = '''"""lead.vet: a step that finds nothing wrong. `faust -A streams.steps.lead_vet worker`"""
from streams.contracts.current import stanza
from streams.domain import slip
from streams.runtime.app import build
from told import told

app = build(stanza("lead.vet"), told("lead.vet", slip.advance), give_up=slip.give_up)
'''
RULES = f"""
BY_CITY: dict[str, list[str]] = {{"nowhere": [], "atlantis": ["lead.teleport", "{JUDGE}"]}}
FIRST_WAVE ="""
# path → (what stands there, what a shop with rules of its own writes instead)
CHANGES = {
    "streams/slips.py": (
        "plan(command.lead)\n    return slip.start(command.lead, stops, FIRST_WAVE",
        "plan(command.lead, **({'default_plan': BY_CITY[city]} if (city := command.lead.city) in BY_CITY else {}))\n"
        "    return slip.start(command.lead, stops, FIRST_WAVE",
    ),
    "streams/steps/lead_match.py": (
        "return slip.advance(message,",
        f'trusted = ["{VET}"] if message.lead.total_cents == 0 else []\n'
        "    return slip.advance(slip.shorten(message, trusted),",
    ),
}


def with_vetting() -> Map:
    wanted = leads_only("2s", "9s", (3, "city"), (2, "state"))
    plans = {"standard": [*STEPS, JUDGE], "priority": [MATCH, NOTIFY, JUDGE]}
    wanted["contexts"]["provider"]["slips"]["lead.start"] = plans
    return wanted


def modules() -> dict[str, str]:
    found = {"streams/steps/lead_vet.py": VET_MODULE}
    for path, (old, new) in CHANGES.items():
        source = (ROOT / path).read_text(encoding="utf-8")
        assert source.count(old) == 1, path
        found[path] = source.replace(old, new).replace("\nFIRST_WAVE =", RULES)
    return found


def orders() -> list[OrderPlaced]:
    """One for every way that an order may go; each is called after its way."""
    standard, priority, shortened, empty, unknown, failing = placed(
        "standard", "priority", "shortened", "empty", "unknown", "failing"
    )
    elsewhere = partial(replace, standard.customer)
    return [
        standard,
        replace(priority, priority="priority"),
        replace(shortened, total_cents=0),
        replace(empty, customer=elsewhere(city="nowhere")),
        replace(unknown, customer=elsewhere(city="atlantis")),
        failing,
    ]


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    with Flow(broker, tmp_path_factory.mktemp("slips"), with_vetting(), modules()) as flow:
        flow.tell({"app": VET, "key": "lead-failing", "do": "raise", "reason": "told to fail"})
        flow.send(*toy_shops("campinas", "SP", 3), *toy_shops("santos", "SP", 2))
        flow.run(*APPS, VET).wait_ready()
        flow.send(*orders())
        yield flow


def handed_off(flow: Flow, order: str, wave: int = 1) -> LeadSlip:
    """The slip of this wave as it reached the saga."""

    def found() -> list[LeadSlip]:
        slips = flow.events(JUDGE)
        return [slip for slip in slips if (slip.lead_id, slip.wave) == (f"lead-{order}", wave)]

    (slip,) = until(found, f"the hand-off of {order}")
    return slip


@pytest.mark.parametrize(
    ("order", "visited"),
    [("standard", STEPS), ("priority", [MATCH, NOTIFY]), ("shortened", [MATCH, NOTIFY])],
)
def test_an_order_goes_the_way_of_its_plan(flow: Flow, order: str, visited: list[str]) -> None:
    assert handed_off(flow, order).visited == visited
    assert sorted(offered(flow, f"lead-{order}")) == SHOPS
    vetted = [slip for slip in flow.events(VET) if slip.lead_id == f"lead-{order}"]
    assert len(vetted) == visited.count(VET)


def test_an_empty_plan_ends_without_a_lead(flow: Flow) -> None:
    await_said(flow, StartLead, *leads_of("empty"))
    flow.wait_idle(*APPS)
    shown = flow.cli("leads", "show", "empty")
    assert (shown.returncode, "its plan was empty" in shown.stdout) == (1, True), shown


def test_an_unknown_step_is_refused_when_the_plan_is_made(flow: Flow) -> None:
    (lead,) = leads_of("unknown")
    (escalated,) = await_said(flow, LeadEscalated, lead)
    assert escalated.reasons == ["slip_failed", "unknown_step: lead.teleport"]
    (letter,) = flow.letters("lead.start")
    assert (letter.stored.key, letter.facts.attempts) == (lead.encode(), 1)


def test_a_step_that_gives_up_hands_over_itself_and_its_replay_resets_nothing(flow: Flow) -> None:
    (lead,) = leads_of("failing")
    (escalated,) = await_said(flow, LeadEscalated, lead)
    assert escalated.reasons == ["slip_failed", "told to fail"]
    (letter,) = flow.letters(VET)
    assert letter.facts.attempts == len(flow.calls(VET, lead)) == 3
    assert len([slip for slip in flow.events(MATCH) if slip.lead_id == lead]) == 1, "the step before is not run again"
    flow.tell()
    assert flow.cli("dead", "replay", letter.id).returncode == 0
    until(lambda: len([slip for slip in flow.events(JUDGE) if slip.lead_id == lead]) == 2, "the replayed hand-off")
    flow.wait_idle("leads")
    assert said(flow, LeadOffered, lead) == []


def test_two_slips_use_the_same_step(flow: Flow) -> None:
    assert handed_off(flow, "standard", wave=2).visited == [MATCH, NOTIFY]
    assert sorted(offered(flow, "lead-standard", wave=2)) == ["santos-0", "santos-1"]
    ways = {dict(record.headers)["ce_source"] for record in flow.records(MATCH) if record.key == b"lead-standard"}
    assert ways == {b"lead.start", b"lead.widen"}


def test_whatever_became_of_its_slip_a_lead_ends(flow: Flow) -> None:
    answered = leads_of("standard", "priority", "shortened")
    failed = leads_of("unknown", "failing")
    await_said(flow, LeadExpired, *answered, *failed)
    assert sorted(each.lead_id for each in said(flow, LeadExpired)) == sorted([*answered, *failed])
    assert [each.reasons for each in said(flow, LeadEscalated, *answered)] == [["window_over"]] * 3
    assert sorted(each.lead_id for each in said(flow, LeadWidened)) == sorted(answered)
    (violation,) = broken_laws(flow)
    assert "its order has no lead" in violation, "the empty plan: an outside judge cannot read plans that are code"
