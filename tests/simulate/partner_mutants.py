"""Deliberate bugs of deliveries to partners."""

from typing import Any

from streams.domain.breaker import Breaker
from streams.runtime.commands import Commands
from streams.runtime.done import Done
from streams.runtime.outage import Outage
from streams.runtime.sending import Sending
from streams.runtime.task import Stream
from tests.simulate.planting import mutant as _mutant

_knows = Done.knows


@_mutant(Outage, "failed", "a partner that is down costs attempts")
def _attempts_spent(self: Outage, batch: Any, key: bytes, error: Exception) -> bool:
    return False


@_mutant(Breaker, "lets_through", "a partner that is down is tried all the time")
def _no_breaker(self: Breaker, now: Any) -> bool:
    return self.state != "paused"


@_mutant(Stream, "done", "a delivery is committed before it lands")
def _not_landed(self: Stream) -> int:
    return self.buffer[0].offset() if self.buffer else max(self.polled, self.end)


@_mutant(Sending, "give_up", "what is older than its deadline goes out")
def _no_deadline(self: Sending, batch: Any, lines: Any) -> None:
    pass


@_mutant(Sending, "_has_room", "a partner's rate is not kept")
def _no_rate(self: Sending) -> bool:
    return True


@_mutant(Commands, "_again", "a delivery that is asked for again is not made")
def _not_again(self: Commands, task: Any, batch: Any, record: Any) -> None:
    pass


@_mutant(Done, "forget", "with dedupe, a delivery that is asked for again is taken for a repetition")
def _known_again(self: Done, record: Any) -> None:
    pass


@_mutant(Done, "knows", "an event that was delivered is not known when it comes again")
def _no_dedupe(self: Done, record: Any) -> bool:
    is_own = record.topic().startswith("partner_")
    return not is_own and _knows(self, record)
