"""Where workers sit: what stays of one when it has gone, and what its host may do to that."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

from streams.testing.store import MemoryStore
from tests.simulate.worker import Worker


@dataclass(slots=True, eq=False)
class Seat:
    """A slot of a group; `worker` is None while nobody sits there."""

    group: str
    number: int
    lives: int = 0  # of its state directory; a new one has a new slot id
    store: MemoryStore = field(default_factory=MemoryStore)
    kept: MemoryStore | None = None  # a snapshot of the store
    worker: Worker | None = None
    is_busy: bool = False
    seen: int = -1  # of the world's changes when `has_news` was asked
    has_news: bool = False

    @property
    def slot(self) -> str:
        return f"{self.number}{'' if not self.lives else chr(96 + self.lives)}"

    @property
    def name(self) -> str:
        return f"{self.group}-{self.slot}"

    def leave(self) -> None:
        assert self.worker is not None
        self.worker.engine.stop()
        self.worker = None

    def lose_disk(self, is_slot_lost: bool) -> None:
        self.store = MemoryStore()
        self.lives += is_slot_lost

    def keep(self) -> None:
        """A snapshot, as a backup makes it."""
        self.kept = deepcopy(self.store)

    def put_back(self) -> None:
        if self.kept is not None:
            self.store, self.kept = self.kept, None


def ready(seats: Mapping[str, Seat] | list[Seat], changes: int, now: datetime) -> list[Seat]:
    """Who has something to do now."""
    found = []
    for seat in seats.values() if isinstance(seats, Mapping) else seats:
        worker = seat.worker
        if worker is None or seat.is_busy or worker.process.is_frozen:
            continue
        if seat.seen != changes:
            seat.seen, seat.has_news = changes, worker.consumer.fetching.has_news
        if seat.has_news or worker.consumer._joining.has_news or worker.patient_until <= now:
            found.append(seat)
    return found
