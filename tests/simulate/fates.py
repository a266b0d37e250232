"""What happens to a worker at a call: it dies, freezes, is slow, is refused, or never hears the answer."""

from random import Random
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError

from streams.testing.errors import abortable, fatal, retriable
from streams.testing.process import Phase
from tests.simulate.plan import Plan
from tests.simulate.seats import Seat

if TYPE_CHECKING:
    from tests.simulate.world import World

_QUIET = {"consumer.consumer_group_metadata", "consumer.get_watermark_offsets", "consumer.assignment", "producer.poll"}
_ASKED_AGAIN = {
    "producer.begin_transaction", "producer.send_offsets_to_transaction", "producer.commit_transaction",
    "producer.abort_transaction", "consumer.committed",
}  # fmt: skip
_UNDONE = {"producer.send_offsets_to_transaction", "producer.commit_transaction"}
_DECIDED = {"producer.commit_transaction", "producer.abort_transaction", "producer.init_transactions"}
DEEPEST = 2  # so many workers are in the middle of a call at once


class Fates:
    """Asked around every call of every worker while there is chaos."""

    def __init__(self, world: "World", dice: Random, plan: Plan) -> None:
        self._world, self._dice, self._plan = world, dice, plan
        self.is_over = False
        self.befallen = 0
        self._rates = plan.kill, plan.freeze, plan.others, plan.slow, plan.unknown, plan.refused, plan.full
        self._all = sum(self._rates)

    def decide(self, seat: Seat, call: str, phase: Phase) -> None:
        if call in _DECIDED and phase == "after":
            self._world.changed()
            self._world.say(seat.name, call.removeprefix("producer."))
        if call == "admin.delete_records" and phase == "before":
            self._world.lanes.keep()
        if self.is_over or call in _QUIET:
            return
        if call == "producer.begin_transaction" and phase == "before" and self._stalls():
            self.befallen += 1
            self._sleep(seat, "with its turn in its hands", self._dice.choice((9.0, 14.0, 20.0)))
            return
        drawn = self._dice.random()
        if call == "consumer.poll":
            drawn *= 8  # most polls find nothing
        elif call == "producer.begin_transaction" and phase == "before":
            drawn /= 5  # the turn is done, and nobody knows of it
        if drawn >= self._all:
            return
        for rate, befall in zip(self._rates, _BEFALL, strict=True):
            if drawn < rate:
                self.befallen += 1
                befall(self, seat, call, phase)
                return
            drawn -= rate

    def _kill(self, seat: Seat, call: str, phase: Phase) -> None:
        assert seat.worker is not None
        self._world.say(seat.name, f"is killed {phase} {call}")
        seat.worker.process.kill()

    def _stalls(self) -> bool:
        return self._plan.stall > 0 and self._world.depth < DEEPEST and self._dice.random() < self._plan.stall

    def _freeze(self, seat: Seat, call: str, phase: Phase) -> None:
        if self._world.depth < DEEPEST:
            self._sleep(seat, f"{phase} {call}", self._dice.choice((0.5, 3.0, 7.0, 12.0, 20.0)))

    def _sleep(self, seat: Seat, when: str, seconds: float) -> None:
        assert seat.worker is not None
        self._world.say(seat.name, f"is frozen {when} for {seconds} s")
        process = seat.worker.process
        process.freeze()
        self._world.run_for(seconds)
        process.thaw()
        self._world.say(seat.name, "goes on")

    def _others(self, seat: Seat, call: str, phase: Phase) -> None:
        if self._world.depth < DEEPEST:
            self._world.say(seat.name, f"waits {phase} {call}")
            self._world.turns(self._dice.randint(1, 6))

    def _slow(self, seat: Seat, call: str, phase: Phase) -> None:
        seconds = self._dice.choice((0.005, 0.05, 0.5, 2.0))
        self._world.say(seat.name, f"{call} takes {seconds} s")
        self._world.clock.sleep(seconds)

    def _unknown(self, seat: Seat, call: str, phase: Phase) -> None:
        if phase != "after" or call not in _ASKED_AGAIN:
            return
        is_final = call == "producer.commit_transaction" and self._dice.random() < 0.3
        self._world.say(seat.name, f"never hears that {call} is done{', and gives up' if is_final else ''}")
        raise (fatal if is_final else retriable)(KafkaError._TIMED_OUT, "no answer")

    def _refused(self, seat: Seat, call: str, phase: Phase) -> None:
        if phase != "before" or call not in _ASKED_AGAIN:
            return
        is_undone = call in _UNDONE and self._dice.random() < 0.5
        self._world.say(seat.name, f"{call} is refused{', the turn is undone' if is_undone else ''}")
        raise (abortable if is_undone else retriable)(KafkaError.COORDINATOR_LOAD_IN_PROGRESS, "by a seed")

    def _full(self, seat: Seat, call: str, phase: Phase) -> None:
        if call == "producer.produce" and phase == "before":
            raise BufferError("Local: Queue full")


_BEFALL = (
    Fates._kill, Fates._freeze, Fates._others, Fates._slow, Fates._unknown, Fates._refused, Fates._full,
)  # fmt: skip
