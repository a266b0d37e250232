"""What rounds came to, as a page for docs/."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.chaos import faults
from tests.chaos.rounds import ENDS, Round, faults_of
from tests.chaos.signals import ALL

ONE, THREE, FAUST = "one broker", "three brokers", "Faust's signals"
_MEANING = {
    faults.KILL: "kill -9 of a worker, started again at once",
    faults.BOTH: "kill -9 of both workers at once",
    faults.STAY_AWAY: "kill -9 of a worker that stays away until its session is over",
    faults.STOP: "SIGTERM of a worker, started again",
    faults.WIPE: "kill -9 of a worker whose state directory is lost",
    faults.OLD_DISK: "kill -9 of a worker whose state directory becomes that of long ago",
    faults.NAP: "SIGSTOP of a worker for less than its session, then SIGCONT",
    faults.FREEZE: "SIGSTOP of a worker beyond its session, then SIGCONT",
    faults.BROKER: "kill -9 of the only broker",
    faults.BROKER_FREEZE: "SIGSTOP of the only broker, then SIGCONT",
    faults.ONE_OF_3: "kill -9 of one broker of three, back after up to 15 s",
    faults.ONE_WIPED: "the same, and its disk with all that topics hold is lost",
    faults.ONE_FROZEN: "SIGSTOP of one broker of three for up to 12 s, then SIGCONT",
    faults.CUT: "the network between a worker and one broker is cut for up to 18 s",
    faults.CUT_OFF: "the network between a worker and all brokers is cut for up to 18 s",
    faults.DOWN: "the webhook partner cuts connections off",
    faults.SLOW: "the webhook partner takes seconds, also longer than is waited for",
    faults.LYING: "the webhook partner takes messages and then says 500 or nothing",
    faults.TERM_ALL: "SIGTERM to both workers at once",
    faults.INT_ALL: "SIGINT to both workers at once",
    faults.KILL_ALL: "kill -9 of both workers at once, in bursts",
}
_COLUMNS = (
    "on", "seed", "faults", "orders", "accepted", "expired", "cancelled", "retries", "dead", "sent again",
    "began anew", "slowest first offer", "at rest after", "wrong",
)  # fmt: skip
_COMMANDS = """
```sh
uv run python -m tests.chaos --faults 1000               # three brokers, two workers of every app
uv run python -m tests.chaos --faults 1000 --on one      # one broker: while it is away there is no Kafka
uv run python -m tests.chaos --faults 180 --on faust     # the signals of Faust's own stress test
uv run python -m tests.bench count                       # 300,000 events counted under kill -9
```

`--rounds FILE` keeps each round as a line of JSON and goes on where that file ends, `--minutes M` ends a slice, and
`--report FILE` draws this page from all of them and from the results of the count.

Three brokers hold every record three times (`min.insync.replicas` 2); each is also a voter of the metadata quorum, and
the next one is struck only when every replica is in sync again. A lost disk is all that topics hold; the quorum's own
log lies on another one, for a voter that forgets its votes is beyond what such a quorum promises. Workers reach each
broker through a proxy. A cut there is silence: no connection ends, and what was sent comes late.
"""


def report(rounds: Sequence[Round], counted: Path) -> Iterator[str]:
    """Markdown, a line each."""
    kills, orders = sum(each.kills for each in rounds), sum(each.orders for each in rounds)
    broken, hours = sum(len(each.wrong) for each in rounds), sum(each.took_s for each in rounds) / 3600
    yield "# Chaos"
    yield ""
    yield f"{faults_of(rounds):,} faults, {kills} of them kill -9, and {orders:,} orders in {len(rounds)} rounds,"
    yield f"{hours:.1f} hours in all, on real processes and a real Kafka. Everything that the topics hold was judged"
    yield f"after each round: **{broken or 'no'} violation{'s' * (broken != 1)}.** How a round goes: `play.py`."
    yield from _COMMANDS.splitlines()
    yield ""
    yield f"Machine: {'; '.join(_different(each.machine for each in rounds))}."
    yield f"Commits: {', '.join(_different(each.commit for each in rounds))} (+ with what was committed later)."
    yield ""
    yield from _by_kind(rounds)
    yield from _special(rounds, counted)
    yield from _restarts(rounds)
    yield from _table(rounds)
    yield from _wrong(rounds)


def _by_kind(rounds: Sequence[Round]) -> Iterator[str]:
    kinds = sum((Counter(each.faults) for each in rounds), Counter())
    yield "| fault | times |"
    yield "|---|---|"
    yield from (f"| {meaning} | {kinds[kind]} |" for kind, meaning in _MEANING.items() if kinds[kind])
    yield ""


def _special(rounds: Sequence[Round], counted: Path) -> Iterator[str]:
    """Two schedules that are not ours: Faust's own, and the one that its users reported a loss from."""
    sent = [each for each in rounds if each.setting == FAUST]
    pace = ", ".join(_different(f"{each.pace:g} times" for each in sent)) or "no"
    yield f"Faust's own schedule has {ALL} signals to all workers at once (`signals.py`)."
    yield f"{faults_of(sent)} of them were sent, at {pace} its pace."
    if counted.exists():
        row: dict[str, Any] = json.loads(counted.read_text(encoding="utf-8")).get("count", {})
        yield from (_count(each, row["commit"]) for each in row.get("rounds", {}).get("ours", ()))
    yield ""


def _count(found: Mapping[str, float], commit: str) -> str:
    counts = ", ".join(f"{name} {found[name]:,}" for name in ("counted", "outputs", "distinct"))
    return (
        f"{found['total']:,} events, {found['kills']} kill -9, one disk lost: {counts}, in {found['s']} s ({commit})."
    )


def _restarts(rounds: Sequence[Round]) -> Iterator[str]:
    reasons = sum((Counter(each.restarts) for each in rounds), Counter())
    if reasons:
        yield "Workers that began anew by themselves, which is what they are for, said why:"
        yield ""
        yield "| reason | times |"
        yield "|---|---|"
        yield from (f"| {reason} | {times} |" for reason, times in reasons.most_common())
        yield ""


def _table(rounds: Sequence[Round]) -> Iterator[str]:
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{'---|' * len(_COLUMNS)}"
    for each in rounds:
        ends = [each.leads[end] for end in ENDS]
        numbers = [sum(each.faults.values()), each.orders, *ends, each.retries, each.dead, each.repeats]
        told = [each.setting, each.seed, *numbers, sum(each.restarts.values())]
        yield f"| {' | '.join(map(str, told))} | {each.slowest_offer_s} s | {each.drained_s} s | {len(each.wrong)} |"


def _wrong(rounds: Sequence[Round]) -> Iterator[str]:
    for each in rounds:
        if each.wrong:
            yield ""
            yield f"{each.setting}, seed {each.seed}, commit {each.commit}:"
            yield ""
            yield from (f"* {found}" for found in each.wrong)


def _different(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
