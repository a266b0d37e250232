"""The transaction coordinator: who may write under a transactional id, and what its transaction holds until its end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from confluent_kafka import KafkaError

from streams.testing.clock import Alarm, VirtualClock
from streams.testing.errors import fatal
from streams.testing.groups import Groups, Metadata
from streams.testing.topics import Place, Topics


@dataclass(slots=True)
class Transaction:
    """What the coordinator knows of one transactional id."""

    producer: int
    epoch: int = 0
    timeout_s: float = 60.0
    places: dict[Place, None] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)
    expiry: Alarm | None = None
    markers: int = 0  # of its last transaction, not written yet


class Transactions:
    """A newer producer of the same id fences the older one; the broker aborts what is open for too long.

    Markers come after the answer, each by itself: `delay_s` says how long after. By default nobody sees that.
    """

    def __init__(self, clock: VirtualClock, topics: Topics, groups: Groups) -> None:
        self._clock, self._topics, self._groups = clock, topics, groups
        self._by_id: dict[str, Transaction] = {}
        self.delay_s: Callable[[], float] = lambda: 0.0

    def init(self, id: str, timeout_s: float) -> int:
        """The epoch of the new producer; what an older one left open is aborted."""
        found = self._by_id.setdefault(id, Transaction(producer=len(self._by_id), epoch=-1))
        self._close(found, is_commit=False)
        self._await_markers(found)
        found.epoch, found.timeout_s = found.epoch + 1, timeout_s
        return found.epoch

    def write(self, id: str, epoch: int, place: Place) -> int:
        """The producer's number, under which records of its transaction are appended to this partition."""
        found = self._begun(id, epoch)
        found.places[place] = None
        return found.producer

    def send_offsets(self, id: str, epoch: int, member: Metadata, offsets: dict[Place, int]) -> None:
        found = self._begun(id, epoch)
        group = self._groups.of(member.group)
        group.check(member)
        found.groups[member.group] = None
        group.offsets.pend(found.producer, offsets)

    def end(self, id: str, epoch: int, is_commit: bool) -> None:
        self._close(self._current(id, epoch), is_commit)

    def _current(self, id: str, epoch: int) -> Transaction:
        found = self._by_id[id]
        if found.epoch != epoch:
            raise fatal(KafkaError._FENCED, f"{id}: a newer producer, or the broker, has ended this one")
        return found

    def _begun(self, id: str, epoch: int) -> Transaction:
        found = self._current(id, epoch)
        self._await_markers(found)
        if found.expiry is None:
            found.expiry = self._clock.after(found.timeout_s, lambda: self._expire(found))
        return found

    def _expire(self, found: Transaction) -> None:
        self._close(found, is_commit=False)
        found.epoch += 1

    def _close(self, found: Transaction, is_commit: bool) -> None:
        if found.expiry is None:
            return
        found.expiry.cancel()
        for place in found.places:
            self._mark(found, partial(self._topics.log(place).decide, found.producer, is_commit, self._clock))
        for group in found.groups:
            self._mark(found, partial(self._groups.of(group).offsets.decide, found.producer, is_commit))
        found.expiry, found.places, found.groups = None, {}, {}

    def _mark(self, found: Transaction, write: Callable[[], None]) -> None:
        delay_s = self.delay_s()
        if delay_s <= 0:
            write()
            return

        def later() -> None:
            found.markers -= 1
            write()

        found.markers += 1
        self._clock.after(delay_s, later)

    def _await_markers(self, found: Transaction) -> None:
        """The next transaction of an id begins when all of the last one is written."""
        while found.markers and (due := self._clock.next_alarm) is not None:
            self._clock.advance_to(due)
