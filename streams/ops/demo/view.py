"""What the demo shows while it runs: a few rows, as a table that stays in place or as a line now and then."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from streams.ops.demo.failed import Interrupted
from streams.ops.demo.tally import STAGES
from streams.ops.demo.watch import Watch
from streams.ops.feed import Tally as Sent

Rows = Mapping[str, str]
_LINE_EVERY_S = 2.0
_STEPS = {
    "download": "downloading Kafka", "format": "preparing Kafka", "start": "starting Kafka", "topics": "making topics",
}  # fmt: skip


class Screen:
    """On standard error, so that the report can be piped."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, refresh_per_second=4, transient=True)
        self._began = time.monotonic()
        self._shown, self._phase, self._line_at = "", "", 0.0

    def show(self, phase: str, rows: Rows | None = None) -> None:
        """A new phase is always said; rows of the same phase every 2 s where nobody watches."""
        if self._console.is_terminal:
            return self._live.update(self._table(phase, rows or {}))
        line = "; ".join([phase, *(f"{name}: {value}" for name, value in (rows or {}).items())])
        now = time.monotonic()
        if phase != self._phase or (line != self._shown and now >= self._line_at):
            self._console.print(f"{now - self._began:6.1f} s  {line}", soft_wrap=True, markup=False)
            self._shown, self._phase, self._line_at = line, phase, now + _LINE_EVERY_S
        return None

    def _table(self, phase: str, rows: Rows) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_row(f"[dim]{time.monotonic() - self._began:.0f} s[/dim]", f"[bold]{phase}[/bold]")
        for name, value in rows.items():
            table.add_row(name, value)
        return table

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


@dataclass(frozen=True, slots=True)
class Say:
    """Says what is going on; raises Interrupted as soon as somebody wants us to stop."""

    screen: Screen
    stop: Event

    def __call__(self, phase: str, shown: Rows | None = None) -> None:
        self.screen.show(phase, shown)
        self._heed()

    def step(self, name: str, done: int, total: int) -> None:
        """As the progress of Kafka and of topics: bytes of a download, or pieces."""
        share = f"{100 * done // total} %" if total else ""
        self(_STEPS.get(name, name), {"done": share} if share else None)

    def pause(self, seconds: float) -> None:
        self.stop.wait(seconds)
        self._heed()

    def _heed(self) -> None:
        if self.stop.is_set():
            raise Interrupted


def rows(watch: Watch, sent: Sent) -> Rows:
    """Where everything is at the moment."""
    tally, leads = watch.tally, watch.tally.leads()
    count, taken, expected = tally.records, watch.taken, tally.expected()
    behind: Counter[str] = Counter()
    for lag in watch.lags:
        behind[lag.group] += lag.records
    return {
        "orders": f"{sent.orders} sent to {sent.profiles} providers, {sent.cancellations} cancelled",
        "leads": ", ".join(f"{leads[stage]} {stage}" for stage in STAGES if leads[stage]) or "none yet",
        "offers": f"{count['LeadOffered']}, {count['ProviderAcceptedLead']} accepted, "
        f"{count['ProviderDeclinedLead']} declined, {count['AcceptanceRefused']} acceptances refused",
        "delivered": ", ".join(
            f"{taken.get(partner, '?')} of {expected[partner]} to {partner}" for partner in expected
        ),
        "failures": f"{sum(tally.retries.values())} retries{_by_group(tally.retries)}, "
        f"{sum(tally.dead.values())} dead letters{_by_group(tally.dead)}",
        "lag": f"{behind.total()} records{_by_group(+behind)}",
    }


def _by_group(counts: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{group} {number}' for group, number in counts.items())})" if counts else ""
