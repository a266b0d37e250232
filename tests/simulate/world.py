"""One seed: workers, their Kafka, the market and its partners, from the first order until everything is at rest."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from confluent_kafka import KafkaException

from streams.runtime.transaction import Crash
from streams.testing.clock import VirtualClock
from streams.testing.cluster import Cluster
from streams.testing.process import Killed
from tests.simulate import apps
from tests.simulate.fates import DEEPEST, Fates
from tests.simulate.lanes import Lanes
from tests.simulate.market import Market
from tests.simulate.partner import Courier, Partner
from tests.simulate.plan import SKEW_MS, Plan, plan
from tests.simulate.seats import Seat, ready
from tests.simulate.terms import Terms
from tests.simulate.trouble import Trouble
from tests.simulate.worker import Worker

Say = Callable[[float, str, str], None]
TURNS = 60_000
_AT_REST = timedelta(seconds=15)
_TAKES = timedelta(milliseconds=1)


class Restless(Exception):
    """The workers never come to rest."""


class World:
    """Everything in it is decided by `seed`; `say` hears what happens."""

    def __init__(self, seed: int, say: Say | None = None) -> None:
        self.seed, self.dice, self._say = seed, Random(seed), say
        self.plan: Plan = plan(self.dice)
        self.clock = VirtualClock()
        self.cluster = Cluster(self.clock)
        if self.plan.is_marked_late:
            self.cluster.transactions.delay_s = lambda: self.dice.choice((0.0, 0.002, 0.02, 0.5))
        self.topology, self.codec = apps.topology(self.plan.partitions), apps.codec(self.plan.partitions)
        for topic in apps.cluster_topics(self.plan.partitions):
            self.cluster.create(topic.name, topic.partitions, topic.config)
        self.trouble = Trouble(seed, self.plan.trouble)
        self.specs = apps.specs(self.plan.partitions, self.trouble)
        self.market = Market(self.cluster, self.topology, self.codec, self.dice, self.plan)
        self.market.changed = self.changed
        self.lanes = Lanes(self)
        self.fates = Fates(self, self.dice, self.plan)
        partners = [g for g, spec in self.specs.items() if spec.stanza.channel]
        self.partners = {group: Partner(self.dice, self.clock) for group in partners}
        self.seats = [Seat(group, n) for group in self.specs for n in range(self.dice.choice((1, 2)))]
        self.wrote_at = self.clock.now()
        self.repeated: set[bytes] = set()  # events that somebody asked a partner's app for once more
        self.depth, self._changes, self._turns = 0, 0, 0
        self.found: list[str] = []  # what broke on the way

    def changed(self) -> None:
        """Something was written for others to read."""
        self._changes += 1
        self.wrote_at = self.clock.now()

    def say(self, who: str, what: str) -> None:
        if self._say is not None:
            self._say(self.clock.monotonic(), who, what)

    def run_for(self, seconds: float) -> None:
        """Whoever is not in the middle of a call works on meanwhile."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while (next_at := self._next_at()) <= end:
            self._go_on(next_at)
        self.clock.advance_to(end)

    def rest(self) -> None:
        """Until nothing was written for longer than anybody waits for anything."""
        self.wrote_at = self.clock.now()
        while self.clock.now() - self.wrote_at <= _AT_REST or self._next_at() <= self.clock.now():
            self._go_on(self._next_at())

    def turns(self, number: int) -> None:
        for _ in range(number):
            self._go_on(self.clock.now())

    def start(self, seat: Seat) -> None:
        if seat.worker is not None:
            return
        spec = self.specs[seat.group]
        partner = self.partners.get(seat.group)
        courier = Courier(partner, Terms(self, seat), self.clock, self.changed) if partner else None
        self.say(seat.name, "starts")
        seat.worker = Worker(self, spec, seat.slot, seat.store, courier)
        seat.worker.process.fate = partial(self.fates.decide, seat)
        if self.plan.is_skewed:
            seat.worker.clock.skew = timedelta(milliseconds=self.dice.randint(-SKEW_MS, SKEW_MS))
        self._do(seat, seat.worker.engine.start)

    def stop(self, seat: Seat) -> None:
        """In good order."""
        if seat.worker is not None and not seat.is_busy:
            self.say(seat.name, "stops")
            self._do(seat, seat.leave)

    def heal(self) -> None:
        """No more faults; whoever is away comes back, and the partners are well."""
        self.fates.is_over, self.market.is_open, self.trouble.is_over = True, False, True
        for partner in self.partners.values():
            partner.heal()
        self.cluster.transactions.delay_s = lambda: 0.0

    @property
    def turned(self) -> int:
        return self._turns

    def sleep(self, seconds: float) -> None:
        """Somebody waits for somebody else, who works on meanwhile."""
        (self.run_for if self.depth <= DEEPEST else self.clock.sleep)(seconds)

    def cut(self) -> int:
        """The most records of a fetch."""
        if self.fates.is_over:
            return 500
        return 0 if self.plan.lag and self.dice.random() < self.plan.lag else self.dice.randint(1, self.plan.cut)

    def _next_at(self) -> Any:
        now = self.clock.now()
        if ready(self.seats, self._changes, now):
            return now
        wakes = [s.worker.patient_until for s in self.seats if s.worker is not None and not s.is_busy]
        if (alarm := self.clock.next_alarm) is not None:
            wakes.append(alarm)
        return min(wakes, default=now + 2 * _AT_REST)

    def _go_on(self, next_at: Any) -> None:
        """One worker has a turn, or time passes."""
        self._turns += 1
        if self._turns > TURNS:
            raise Restless(f"no rest after {TURNS} turns")
        alarm = self.clock.next_alarm
        self.clock.advance_to(max(next_at, self.clock.now()))
        if alarm is not None and alarm <= self.clock.now():
            self._changes += 1  # a marker was written late, a delivery has landed
        who = ready(self.seats, self._changes, self.clock.now())
        if who and (seat := self.dice.choice(who)).worker is not None:
            self._do(seat, seat.worker.turn)
            seat.seen = -1
        if self._turns % 50 == 0:
            self.clock.advance_to(self.clock.now() + _TAKES)

    def _do(self, seat: Seat, act: Callable[[], None]) -> None:
        """Whoever dies of it comes back later, as a supervisor sees to it."""
        worker, seat.is_busy = seat.worker, True
        self.depth += 1
        try:
            act()
        except Killed:
            seat.worker = None
        except (Crash, KafkaException) as error:
            self.say(seat.name, f"crashes: {error}")
            self._farewell(seat)
        finally:
            self.depth -= 1
            seat.is_busy = False
        if worker is not None and seat.worker is None:
            self._come_back(seat)

    def _farewell(self, seat: Seat) -> None:
        """What the driver does with an engine that has failed."""
        assert seat.worker is not None
        process = seat.worker.process
        try:
            seat.worker.engine.stop()
        except Killed:
            return
        except (Crash, KafkaException) as error:
            self.say(seat.name, f"cannot say goodbye: {error}")
        finally:
            seat.worker = None
        process.kill()

    def _come_back(self, seat: Seat) -> None:
        self.wrote_at = self.clock.now()  # who comes back has something to do: nobody is at rest
        if self.fates.is_over:
            self.clock.after(0.1, partial(self.start, seat))
            return
        drawn = self.dice.random()
        if drawn < self.plan.lost_disk:
            seat.lose_disk(is_slot_lost=self.dice.random() < 0.5)
            self.say(seat.name, "has lost its disk")
        elif drawn < self.plan.lost_disk + self.plan.old_disk and seat.kept is not None:
            seat.put_back()
            self.say(seat.name, "has an old disk")
        self.clock.after(self.dice.choice((0.05, 0.5, 2.0, 8.0)), partial(self.start, seat))
