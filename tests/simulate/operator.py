"""Who looks after the system: stops and starts workers, makes backups, replays and drops dead letters."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from streams.contracts import names
from streams.contracts.facts import facts_of
from streams.testing.log import Stored
from streams.testing.process import Process
from tests.simulate.plan import SKEW_MS
from tests.simulate.tables import view

if TYPE_CHECKING:
    from tests.simulate.world import World

Place = tuple[str, int, int]
_ROUNDS = 40


class Operator:
    """`dropped` are the letters, by group and place of the record, that somebody asked to drop."""

    def __init__(self, world: "World") -> None:
        self._world, self._dice = world, world.dice
        self._producer = world.cluster.producer(Process("operator"), None)
        self.dropped: set[tuple[str, Place]] = set()
        self.replayed: set[tuple[str, Place]] = set()

    def begin(self) -> None:
        plan = self._world.plan
        for _ in range(plan.stops):
            self._later(lambda: self._world.stop(self._dice.choice(self._world.seats)))
        for _ in range(plan.commands):
            self._later(self._command)
        for _ in range(6):
            self._later(self._hit_a_partner)
            self._later(self._back_up)
            self._later(self._move_clocks)
            if plan.is_compacting:
                self._later(self._world.cluster.topics.compact)

    def tidy(self) -> None:
        """Every parked key is freed: its dead letter is replayed, and dropped where that does not help."""
        for number in range(_ROUNDS):
            parked = [(group, letter) for group, letter in self.letters() if self._is_parked(group, letter)]
            if not parked:
                return
            for group, letter in parked:
                self.send(group, letter, "drop" if number % 2 else "replay")
            self._world.rest()

    def letters(self) -> Iterator[tuple[str, Stored]]:
        """Every dead letter, in the order of its log."""
        for group in self._world.specs:
            for log in self._world.cluster.topics.by_name[names.dead(group)].logs:
                yield from ((group, stored) for stored in log.read(log.start, log.stable_end))

    def send(self, group: str, letter: Stored, command: str) -> None:
        facts = facts_of(letter.headers or [])
        assert facts is not None
        (self.dropped if command == "drop" else self.replayed).add(
            (group, (facts.topic, facts.partition, facts.offset))
        )
        self._world.say("the operator", f"{command} {group}: {facts.topic}-{facts.partition}-{facts.offset}")
        home = self._home(group, letter)
        headers: Any = [*(letter.headers or []), ("xd_command", command.encode())]
        self._producer.produce(names.control(group), letter.value, letter.key, home, headers=headers)
        self._producer.flush()
        self._world.changed()

    def _home(self, group: str, letter: Stored) -> int:
        """The partition that a dead letter lies in."""
        logs = self._world.cluster.topics.by_name[names.dead(group)].logs
        return next(n for n, log in enumerate(logs) if any(each is letter for each in log.read(log.start, log.end)))

    def _is_parked(self, group: str, letter: Stored) -> bool:
        facts = facts_of(letter.headers or [])
        assert facts is not None
        id = f"{facts.topic}-{facts.partition}-{facts.offset}"
        open_ = view(self._world.cluster, group, self._home(group, letter)).json("open").get(id)
        return open_ is not None and open_["parked"] and open_["attempts"] == facts.attempts

    def _command(self) -> None:
        letters = list(self.letters())
        if letters:
            group, letter = self._dice.choice(letters)
            for _ in range(self._dice.choice((1, 1, 2))):
                self.send(group, letter, "drop" if self._dice.random() < 0.2 else "replay")

    def _hit_a_partner(self) -> None:
        plan = self._world.plan
        partner = self._dice.choice(list(self._world.partners.values()))
        if plan.partner_down:
            partner.down_until = self._world.clock.now() + timedelta(seconds=self._dice.uniform(0, plan.partner_down))
        partner.loss, partner.refusal = plan.partner_loss, plan.refusal
        partner.slowest_s = self._dice.choice((0.01, 0.1, 0.9))

    def _back_up(self) -> None:
        for seat in self._world.seats:
            seat.keep()

    def _move_clocks(self) -> None:
        if self._world.plan.is_skewed:
            for seat in self._world.seats:
                if seat.worker is not None:
                    seat.worker.clock.skew = timedelta(milliseconds=self._dice.randint(-SKEW_MS, SKEW_MS))

    def _later(self, call: Any) -> None:
        self._world.clock.after(self._dice.uniform(0, self._world.plan.chaos_s), call)
