"""A partner and the way to it: deliveries take time, and it may be down, slow, hang, or refuse one of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random

from streams.domain.effects import Effect
from streams.domain.failure import Unreachable
from streams.runtime.lines import Item
from streams.testing.clock import Alarm, VirtualClock
from tests.simulate.terms import Terms

TIMEOUT_S = 1.0


class Partner:
    """What it took, by message id, in its order; a message that it took may still be answered too late."""

    def __init__(self, dice: Random, clock: VirtualClock) -> None:
        self._dice, self._clock = dice, clock
        self.taken: list[str] = []
        self.down_until: datetime = clock.now()
        self.tries_down = 0
        self.complaints: list[str] = []
        self.loss = self.refusal = 0.0
        self.slowest_s = 0.05

    def heal(self) -> None:
        self.down_until, self.loss, self.refusal = self._clock.now(), 0.0, 0.0

    def hear(self, id: str) -> tuple[float, list[Effect] | Exception]:
        """When its answer is there (s), and which."""
        if self._clock.now() < self.down_until:
            self.tries_down += 1
            return 0.001, Unreachable(reason="nobody is there")
        if self._dice.random() < self.refusal:
            return 0.01, ValueError(f"400 for {id}")
        self.taken.append(id)
        if self._dice.random() < self.loss:
            return TIMEOUT_S, Unreachable(reason="the answer got lost")
        return self._dice.uniform(0.001, self.slowest_s), []


class Courier:
    """Deliveries of one worker; those of a dead one never land."""

    def __init__(self, partner: Partner, terms: Terms, clock: VirtualClock, woken: Callable[[], None]) -> None:
        self._partner, self._terms, self._clock, self._woken = partner, terms, clock, woken
        self._landed: list[tuple[Item, list[Effect] | Exception]] = []
        self._flying: dict[Item, tuple[datetime, Alarm]] = {}

    @property
    def next_at(self) -> datetime | None:
        """When something has landed, or will have."""
        return self._clock.now() if self._landed else min((at for at, _ in self._flying.values()), default=None)

    def send(self, items: list[Item]) -> None:
        for item in items:
            assert item.delivery is not None
            self._partner.complaints += self._terms.broken(item)
            after_s, result = self._partner.hear(item.delivery.id)
            at = self._clock.now() + timedelta(seconds=after_s)
            self._flying[item] = at, self._clock.at(at, partial(self._land, item, result))

    def landed(self) -> list[tuple[Item, list[Effect] | Exception]]:
        found, self._landed = self._landed, []
        return found

    def recall(self, items: list[Item]) -> None:
        for item in items:
            if item in self._flying:
                self._flying.pop(item)[1].cancel()

    def _land(self, item: Item, result: list[Effect] | Exception) -> None:
        if self._flying.pop(item, None) is not None:
            self._landed.append((item, result))
            self._woken()
