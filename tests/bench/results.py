"""What was measured, kept as it comes: one JSON file of rows, each with its rounds, commit, machine and day."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

_TREE = Path(__file__).parents[2]
Round = Mapping[str, float]  # by the name of what was measured, its unit at the end


class Spread(NamedTuple):
    """Least, median and greatest of some rounds; formatted like a float it gives all three, or the one there is."""

    least: float
    median: float
    greatest: float
    rounds: int

    def __format__(self, spec: str) -> str:
        shown = dict.fromkeys(format(value, spec) for value in self[:3])
        return " / ".join(format(value, spec) for value in self[:3]) if len(shown) > 1 else next(iter(shown))


class Book:
    """The file of results; every round is written at once, so a run that is cut short leaves what it had."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.rows: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def begin(self, row: str, skipped: Mapping[str, str], *, more: bool) -> None:
        """`more` keeps the rounds that are there."""
        found = self.rows.get(row, {}) if more else {}
        self.rows[row] = {**stamp(), "rounds": found.get("rounds", {}), "skipped": dict(skipped)}

    def add(self, row: str, who: str, found: Round) -> None:
        self.rows[row]["rounds"].setdefault(who, []).append(dict(found))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self.rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def spread(self, row: str, who: str, what: str) -> Spread | None:
        """None where it was not measured."""
        rounds = self.rows.get(row, {}).get("rounds", {}).get(who, [])
        known = sorted(each[what] for each in rounds if what in each)
        return Spread(known[0], median(known), known[-1], len(known)) if known else None

    def ratio(self, row: str, what: str, who: str, rival: str) -> Spread | None:
        """Round by round, as they were run side by side."""
        rounds = self.rows.get(row, {}).get("rounds", {})
        pairs = zip(rounds.get(who, []), rounds.get(rival, []), strict=False)
        known = sorted(one[what] / other[what] for one, other in pairs if one.get(what) and other.get(what))
        return Spread(known[0], median(known), known[-1], len(known)) if known else None

    def median(self, row: str, who: str, what: str) -> float | None:
        found = self.spread(row, who, what)
        return None if found is None else found.median

    def contestants(self, row: str) -> Iterator[str]:
        yield from self.rows.get(row, {}).get("rounds", {})


def stamp() -> dict[str, str]:
    """Commit, machine and time of what is measured now."""
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    commit = subprocess.run(asked, cwd=_TREE, capture_output=True, text=True, check=False).stdout.strip()
    at = datetime.now(UTC).isoformat(timespec="minutes")
    return {"commit": commit or "unknown", "machine": _machine(), "at": at}


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GB, {platform.system()} {platform.release()}"
