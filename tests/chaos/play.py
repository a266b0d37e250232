"""One round of chaos: faults while orders flow, then everything has to end, and the laws are judged."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from streams.domain.events import LeadOffered, OrderPlaced
from streams.ops.demo.figures import Spread, to_first_offer
from streams.ops.demo.tally import Tally
from streams.ops.laws import History, Verdict, judge, read
from streams.runtime.following import Follower
from streams.runtime.reading import Unavailable
from tests.chaos import stage
from tests.chaos.books import mistakes
from tests.chaos.brokers import Brokers
from tests.chaos.crew import Crew
from tests.chaos.endpoint import Endpoint
from tests.chaos.faults import CUT, CUT_OFF, MOODS, OF_BROKERS, Fault
from tests.chaos.retries import retries_counted
from tests.chaos.traffic import orders_flow, providers_answer
from tests.flow import SECRET, Flow

Tell = Callable[[Fault], None]
_BY_PARTNER = ("partner_x", "partner_y")


@dataclass(slots=True)
class Outcome:
    """What a round came to; `findings` are what went wrong beside the laws."""

    seed: int
    faults: Sequence[Fault]
    orders: int = 0
    leads: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    restarts: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    to_first_offer: Spread | None = None
    slowest_offer_s: float = 0.0
    drained_s: float = 0.0
    took_s: float = 0.0
    verdicts: Sequence[Verdict] = ()
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        letters = {group: count for group, count in self.letters.items() if count}
        return (
            f"seed {self.seed}: {len(self.faults)} faults, {self.orders} orders, {dict(self.leads)}, "
            f"{self.retries} retries, dead letters {letters}, {self.repeats} repeated deliveries, "
            f"began anew {dict(self.restarts)}, "
            f"first offer {self.to_first_offer}, at rest after {self.drained_s:.0f} s, {len(self.wrong)} wrong"
        )

    @property
    def wrong(self) -> list[str]:
        broken = (f"law {each.number}: {found}" for each in self.verdicts for found in each.violations)
        return [*self.findings, *broken]


def play(kafka: Brokers, home: Path, seed: int, faults: Sequence[Fault], patience_s: float, tell: Tell) -> Outcome:
    """A system of its own on this Kafka; it has to come to rest within `patience_s` after the faults."""
    outcome, started = Outcome(seed, faults), time.monotonic()
    with Endpoint(SECRET, seed) as endpoint, Flow(kafka.bootstrap, home, stage.drawn(endpoint.url)) as flow:
        crew = Crew(flow, stage.homes(home, seed), kafka.reach)
        with retries_counted(flow) as retries, providers_answer(flow, seed):
            with orders_flow(flow, seed) as supply:
                for fault in faults:
                    crew.tend(fault.after_s)
                    tell(fault)
                    _strike(fault, kafka, endpoint, crew)
            outcome.orders = supply.count
            began = time.monotonic()
            outcome.findings += _come_to_rest(flow, endpoint, crew, supply.count, patience_s)
            outcome.drained_s = time.monotonic() - began
        outcome.retries = len(retries)
        crew.stop()
        _judge(outcome, flow, endpoint, crew)
    outcome.took_s = time.monotonic() - started
    return outcome


def _strike(fault: Fault, kafka: Brokers, endpoint: Endpoint, crew: Crew) -> None:
    if fault.kind in (*OF_BROKERS, CUT, CUT_OFF):
        kafka.suffer(fault, crew.tend)
    elif fault.kind in MOODS:
        endpoint.behave(fault.kind, fault.lasts_s)
    else:
        crew.suffer(fault, time.sleep)


def _come_to_rest(flow: Flow, endpoint: Endpoint, crew: Crew, orders: int, patience_s: float) -> list[str]:
    """Nothing, or what was still missing when patience was over."""
    tally = Tally(flow.topology)
    followed = [topic for topic in flow.cluster.topics if tally.is_followed(topic)]
    deadline = time.monotonic() + patience_s
    with closing(Follower(flow.settings, [place for topic in followed for place in flow.cluster.places(topic)])) as log:
        while (still := _missing(flow, tally, log, endpoint)) or tally.records["OrderPlaced"] < orders:
            if time.monotonic() > deadline:
                return [f"not at rest within {patience_s:.0f} s: {'; '.join(still)}"]
            crew.tend()
    return []


def _missing(flow: Flow, tally: Tally, log: Follower, endpoint: Endpoint) -> list[str]:
    while found := log.read(0.5):
        for stored in found:
            tally.note(stored)
    taken = {partner: len(ids) for partner, ids in tally.taken.items()} | {"partner_x": len(endpoint.taken)}
    try:
        behind = flow.behind(*flow.topology.stanzas)
    except Unavailable as error:  # the broker has just come back
        return [str(error)]
    return tally.missing(taken) + ([f"{behind} records"] if behind else [])


def _judge(outcome: Outcome, flow: Flow, endpoint: Endpoint, crew: Crew) -> None:
    history = read(flow.cluster, flow.topology, {"partner_x": list(endpoint.taken)})
    outcome.verdicts, outcome.to_first_offer = judge(history), to_first_offer(history)
    ends = (type(case.ends[0].record).__name__ if case.ends else "open" for case in history.cases.values())
    outcome.slowest_offer_s = _slowest_offer_s(history)
    outcome.leads, outcome.repeats = Counter(ends), endpoint.repeats
    outcome.restarts = Counter(said.removesuffix("; starting again") for said in crew.said("crossdock: "))
    outcome.findings += [
        *crew.findings,
        *endpoint.strange,
        *crew.said("is not run:"),
        *_odd_letters(outcome, flow),
        *mistakes(flow, history, crew.homes),
    ]


def _slowest_offer_s(history: History) -> float:
    """How long the system ever left an order alone; some have no match and are never offered."""
    told = ((case.of(OrderPlaced), case.of(LeadOffered)) for case in history.cases.values())
    spans = (offers[0].time - orders[0].time for orders, offers in told if orders and offers)
    return max((span.total_seconds() for span in spans), default=0.0)


def _odd_letters(outcome: Outcome, flow: Flow) -> list[str]:
    """Only what a partner refused may lie in dead letters: every handler of ours is well."""
    odd = []
    for group in flow.topology.stanzas:
        letters = flow.letters(group)
        outcome.letters[group] += len(letters)
        fair = group in _BY_PARTNER
        odd += [
            f"{each.id} in {group}.dead: {each.facts.error_type}: {each.facts.error_message}"
            for each in letters
            if not (fair and (each.facts.stage, each.facts.error_type) == ("deliver", "Unreachable"))
        ]
    return odd
