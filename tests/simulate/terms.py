"""What a partner's stanza says of its deliveries: whatever goes out too late, too fast or again is a finding."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from streams.runtime.done import event_id
from streams.runtime.lines import Item
from streams.runtime.record import happened
from tests.simulate.plan import SKEW_MS
from tests.simulate.tables import view

if TYPE_CHECKING:
    from tests.simulate.seats import Seat
    from tests.simulate.world import World

_A_TICK = timedelta(milliseconds=1)


class Terms:
    """As one worker keeps them; a rate is judged only where clocks are right."""

    def __init__(self, world: "World", seat: "Seat") -> None:
        stanza, is_skewed = world.topology.stanzas[seat.group], world.plan.is_skewed
        rate = stanza.channel.rate if stanza.channel is not None else None
        assert rate is None or rate <= 10, "a faster one may catch up on some of what it has missed"
        self._world, self._seat, self._stanza = world, seat, stanza
        self._skew = timedelta(milliseconds=SKEW_MS if is_skewed else 0)
        self._pause = None if rate is None or is_skewed else timedelta(seconds=1 / rate) - _A_TICK
        self._last: datetime | None = None

    def broken(self, item: Item) -> Iterator[str]:
        """This item goes out now."""
        record, now, deadline = item.tried.record, self._world.clock.now(), self._stanza.deadline
        what = f"{self._seat.group} was sent {record.topic()}-{record.partition()}-{record.offset()}"
        age = now - happened(record)
        if deadline is not None and age > deadline + self._skew:
            yield f"{what} {age} after its event, and its deadline is {deadline}"
        if self._pause is not None and self._last is not None and now - self._last < self._pause:
            yield f"{what} {now - self._last} after the last one, faster than its rate"
        self._last = now
        if self._stanza.dedupe is not None and self._is_done(item):
            yield f"{what}, whose event was done already"

    def _is_done(self, item: Item) -> bool:
        """A zombie cannot know; what was asked for once more may be forgotten in this very turn."""
        worker, event = self._seat.worker, event_id(item.tried.record)
        if worker is None or not worker.is_member or event in self._world.repeated:
            return False
        return event in view(self._world.cluster, self._seat.group, item.task.partition).table("done")
