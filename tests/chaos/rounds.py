"""What rounds came to, kept as one JSON line each, so that a campaign may be run in slices."""

import json
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos.play import Outcome
from tests.flow import ROOT

ENDS = ("LeadAccepted", "LeadExpired", "LeadCancelled")


@dataclass(frozen=True, slots=True)
class Round:
    """`setting` is what was played on; `faults` counts by kind, `leads` by end, `restarts` by reason.

    `pace` is how much faster than in its own time Faust's schedule came.
    """

    setting: str
    seed: int
    ended: str
    commit: str
    machine: str
    faults: dict[str, int]
    kills: int
    orders: int
    leads: dict[str, int]
    retries: int
    dead: int
    repeats: int
    restarts: dict[str, int]
    slowest_offer_s: float
    drained_s: float
    took_s: float
    wrong: list[str]
    pace: float = 1.0


def round_of(setting: str, outcome: Outcome, pace: float) -> Round:
    """As it has just ended."""
    return Round(
        setting,
        outcome.seed,
        datetime.now(UTC).isoformat(timespec="seconds"),
        _commit(),
        f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        dict(Counter(fault.kind for fault in outcome.faults)),
        sum(fault.kills for fault in outcome.faults),
        outcome.orders,
        {end: outcome.leads.get(end, 0) for end in ENDS},
        outcome.retries,
        outcome.letters.total(),
        outcome.repeats,
        dict(outcome.restarts),
        round(outcome.slowest_offer_s, 1),
        round(outcome.drained_s, 1),
        round(outcome.took_s, 1),
        outcome.wrong,
        pace,
    )


def add(file: Path, done: Round) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(done)) + "\n")


def known(file: Path) -> list[Round]:
    """In the order in which they were played; none where there is no file yet."""
    texts = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    found: list[dict[str, Any]] = [json.loads(text) for text in texts]
    return [Round(**each) for each in found]


def faults_of(rounds: Sequence[Round]) -> int:
    return sum(sum(each.faults.values()) for each in rounds)


def _commit() -> str:
    """Of the tree, with a plus where streams/ has changes that are not in it."""
    names = ["git", "rev-parse", "--short", "HEAD"], ["git", "status", "--porcelain", "--", "streams"]
    head, changes = (
        subprocess.run(each, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() for each in names
    )
    return head + "+" * bool(changes)
