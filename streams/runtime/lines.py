"""Deliveries of one task by key: what is on its way, what may go, and what stands behind it."""

from collections import deque
from collections.abc import Container
from dataclasses import dataclass
from typing import Protocol

from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.runtime.attempt import Failed
from streams.runtime.perform import Performed
from streams.runtime.settle import Tried
from streams.runtime.task import Stream, Task

Outcome = Performed | Failed
REPEATED = Performed([], [])  # this very object: its event had been done before


@dataclass(slots=True, eq=False)
class Item:
    """One delivery of the window; a `stream` of None: it comes from its key's queue."""

    task: Task
    tried: Tried
    stream: Stream | None = None
    offset: int = -1
    delivery: Delivery | None = None
    outcome: Outcome | None = None
    is_flying: bool = False
    is_ready: bool = False
    event: bytes = b""  # its id while it is on its way, in a task that knows what it has done

    @property
    def appended_ms(self) -> int:
        return self.tried.record.timestamp()[1]

    @property
    def is_unsent(self) -> bool:
        return self.outcome is None and not self.is_flying


class Courier(Protocol):
    """Carries deliveries out; `landed` hands back what has come to an end since it was last asked."""

    def send(self, items: list[Item]) -> None: ...
    def landed(self) -> list[tuple[Item, list[Effect] | Exception]]: ...
    def recall(self, items: list[Item]) -> None: ...


class Lines:
    """Which key's delivery is on its way, and which later ones of the window stand behind it; one a task."""

    def __init__(self) -> None:
        self.busy: dict[bytes, Item] = {}
        self.behind: dict[bytes, deque[Item]] = {}
        self.ready: deque[Item] = deque()
        self.aside: list[Item] = []
        self.events: set[bytes] = set()  # ids of those on their way: the same one may come under another key

    def join(self, item: Item) -> None:
        key = item.tried.key
        if key in self.busy:
            self.behind.setdefault(key, deque()).append(item)
        else:
            self.busy[key] = item
            self.make_ready(item)

    def overtake(self, item: Item) -> None:
        """It goes before all of its key; what was to go next, and is still unsent, stands behind it."""
        key = item.tried.key
        if key in self.busy:
            self.behind.setdefault(key, deque()).appendleft(self.busy[key])
        self.busy[key] = item
        self.make_ready(item)

    def make_ready(self, item: Item) -> None:
        """It may be sent when its turn comes; those that are sent again go behind the others."""
        if not item.is_ready:
            item.is_ready = True
            self.ready.append(item)

    def pass_over(self) -> Item:
        item = self.ready.popleft()
        item.is_ready = False
        return item

    def put_aside(self) -> None:
        """The next one may not be sent while its key waits behind another record, or its event is on its way."""
        self.aside.append(self.pass_over())

    def bring_back(self, held: Container[bytes]) -> None:
        """Those put aside whose key waits no more may be sent; one from its key's queue waits behind nothing."""
        aside, self.aside = self.aside, []
        for item in aside:
            if self.busy.get(item.tried.key) is item:
                waits = item.stream is not None and item.tried.key in held
                (self.aside.append if waits else self.make_ready)(item)

    def leave(self, item: Item) -> None:
        """It is over, sent or not: the next one of its key may go."""
        key = item.tried.key
        line = self.behind.get(key)
        if self.busy.get(key) is item:
            del self.busy[key]
            if line:
                self.busy[key] = line.popleft()
                self.make_ready(self.busy[key])
        elif line and item in line:
            line.remove(item)
        if not line:
            self.behind.pop(key, None)
