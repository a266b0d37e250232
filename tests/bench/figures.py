"""What the bench finds: figures with what was asked of them, as a table and as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, median and greatest of some rounds; formatted like a float it gives all three."""

    least: float
    median: float
    greatest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        known = sorted(values)
        return cls(known[0], median(known), known[-1])

    def __format__(self, spec: str) -> str:
        if self.least == self.greatest:
            return format(self.median, spec)
        return "/".join(format(value, spec) for value in (self.least, self.median, self.greatest))


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table; `is_met` None: nothing was asked. `detail` is for the JSON only."""

    row: str
    ours: str
    bare: str = ""
    ratio: str = ""
    asked: str = ""
    is_met: bool | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def table(figures: Sequence[Figure]) -> Table:
    shown = Table(title="Crossdock beside a bare loop: least/median/greatest of the rounds")
    for column in ("row", "ours", "bare", "ratio", "asked", "met?"):
        shown.add_column(column, overflow="fold")
    for each in figures:
        met = {None: "", True: "yes", False: "NO"}[each.is_met]
        shown.add_row(each.row, each.ours, each.bare, each.ratio, each.asked, met)
    return shown


def show(figures: Sequence[Figure]) -> None:
    Console(width=150).print(table(figures))


def as_json(figures: Sequence[Figure]) -> str:
    return json.dumps([asdict(each) for each in figures], indent=1, ensure_ascii=False)
