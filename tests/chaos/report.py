"""What a campaign came to, as a page for docs/."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.chaos import faults
from tests.chaos.play import Outcome

_MEANING = {
    faults.KILL: "kill -9 of a worker, started again at once",
    faults.BOTH: "kill -9 of both workers at once",
    faults.STAY_AWAY: "kill -9 of a worker that stays away until its session is over",
    faults.STOP: "SIGTERM of a worker, started again",
    faults.WIPE: "kill -9 of a worker whose state directory is lost",
    faults.OLD_DISK: "kill -9 of a worker whose state directory becomes that of long ago",
    faults.NAP: "SIGSTOP of a worker for less than its session, then SIGCONT",
    faults.FREEZE: "SIGSTOP of a worker beyond its session, then SIGCONT",
    faults.BROKER: "kill -9 of the broker",
    faults.BROKER_FREEZE: "SIGSTOP of the broker, then SIGCONT",
    faults.DOWN: "the webhook partner cuts connections off",
    faults.SLOW: "the webhook partner takes seconds, also longer than is waited for",
    faults.LYING: "the webhook partner takes messages and then says 500 or nothing",
}
_COLUMNS = (
    "seed", "faults", "orders", "accepted", "expired", "cancelled", "retries", "dead", "sent again", "at rest after",
    "wrong",
)  # fmt: skip


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Markdown, a line each."""
    kinds = Counter(fault.kind for outcome in outcomes for fault in outcome.faults)
    kills = sum(fault.kills for outcome in outcomes for fault in outcome.faults)
    broken = sum(len(outcome.wrong) for outcome in outcomes)
    yield "# Chaos"
    yield ""
    orders = sum(outcome.orders for outcome in outcomes)
    yield f"{kinds.total()} faults, {kills} of them kill -9, and {orders} orders in {len(outcomes)} rounds"
    yield "on real processes and a real Kafka. Everything that the topics hold was judged after each round:"
    yield f"**{broken or 'no'} violation{'s' * (broken != 1)}.** How a round goes: tests/chaos/play.py."
    yield ""
    yield "| fault | times |"
    yield "|---|---|"
    for kind, meaning in _MEANING.items():
        yield f"| {meaning} | {kinds[kind]} |"
    yield ""
    yield from _rounds(outcomes)
    yield from _wrong(outcomes)


def _rounds(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{'---|' * len(_COLUMNS)}"
    for each in outcomes:
        ends = [each.leads.get(end, 0) for end in ("LeadAccepted", "LeadExpired", "LeadCancelled")]
        numbers = [each.seed, len(each.faults), each.orders, *ends, each.retries, each.letters.total(), each.repeats]
        yield f"| {' | '.join(map(str, numbers))} | {each.drained_s:.0f} s | {len(each.wrong)} |"


def _wrong(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.wrong:
            yield ""
            yield f"Seed {outcome.seed}:"
            yield ""
            yield from (f"* {each}" for each in outcome.wrong)
