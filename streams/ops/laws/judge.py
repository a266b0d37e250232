"""Every law with what breaks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streams.ops.laws.answers import one_answer
from streams.ops.laws.deliveries import delivered_once
from streams.ops.laws.ends import one_end, one_lead_per_order
from streams.ops.laws.history import History
from streams.ops.laws.order import in_order
from streams.ops.laws.timers import timers_once_and_in_time
from streams.ops.laws.winners import first_wins

Law = Callable[[History], Iterator[str]]
# law 7 speaks of latency and of other groups' offsets: no history shows it
LAWS: tuple[tuple[int, str, Law], ...] = (
    (1, "one lead per order", one_lead_per_order),
    (2, "one end per lead, no offer after it", one_end),
    (3, "one winner, the first valid acceptance", first_wins),
    (4, "one answer per acceptance", one_answer),
    (5, "every partner gets every message once, or has it in dead letters", delivered_once),
    (6, "per key in the order of the log", in_order),
    (8, "no timer early, lost or twice", timers_once_and_in_time),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`number` is the law's in docs/guarantees.md; it held where there are no `violations`."""

    number: int
    law: str
    violations: tuple[str, ...]

    @property
    def held(self) -> bool:
        return not self.violations


def judge(history: History) -> list[Verdict]:
    """Judges a system at rest: whatever has not ended by now counts as never."""
    return [Verdict(number, text, tuple(law(history))) for number, text, law in LAWS]
