"""Order under failure as a pure machine: what a key holds, what came, and what the key holds then.

A key that no failure touched has no `Held` at all. While it has one, every later record of the key is queued;
at most one record of the key, its oldest unfinished one, stands in a lane or is parked (docs/design.md).
"""

from dataclasses import dataclass, replace

from streams.domain.failure import Bury, RetryAt, Verdict


@dataclass(frozen=True, slots=True)
class Held:
    """Why a key waits: `id` is its oldest unfinished record; None while its queue runs on, oldest record first.

    `lane` and `attempts` are that record's (the queue's first where it runs on); lane 0 with an id is parked.
    `due_ms` tells the copy in the lane that counts from one that was given back. The queue holds the positions
    `first` up to, not including, `next`.
    """

    id: str | None
    lane: int = 0
    attempts: int = 0
    first: int = 0
    next: int = 0
    since_ms: int = 0
    due_ms: int = 0

    @property
    def is_running_on(self) -> bool:
        return self.id is None

    @property
    def is_parked(self) -> bool:
        return self.id is not None and self.lane == 0


def queued(held: Held) -> Held:
    """A later record of the key came; it takes position `held.next`."""
    return replace(held, next=held.next + 1)


def recalled(held: Held | None, lane: int, attempts: int, now_ms: int) -> Held:
    """The oldest record is to be tried again (due, replayed, given back); it takes position `first` of the result."""
    queue = held or Held(None, since_ms=now_ms)
    return replace(queue, id=None, lane=lane, attempts=attempts, first=queue.first - 1, due_ms=0)


def taken(held: Held) -> Held:
    """The queue's first record leaves it, its try is over."""
    return replace(held, id=None, lane=0, attempts=0, first=held.first + 1)


def finished(held: Held | None) -> Held | None:
    """The oldest record succeeded, was dropped or was buried: the queue runs on, or the key is free."""
    if held is None or held.first == held.next:
        return None
    return replace(held, id=None, lane=0, attempts=0, due_ms=0)


def failed(held: Held | None, id: str, attempts: int, verdict: Verdict, now_ms: int) -> Held | None:
    """The oldest record failed for the `attempts`-th time; what its key holds after the ladder's verdict."""
    queue = held or Held(None, since_ms=now_ms)
    match verdict:
        case RetryAt(lane=lane, due=due):
            return replace(queue, id=id, lane=lane, attempts=attempts, due_ms=round(due.timestamp() * 1000))
        case Bury(holds=True):
            return replace(queue, id=id, lane=0, attempts=attempts, due_ms=0)
        case Bury():
            return finished(held)


def is_awaited(held: Held | None, id: str, due_ms: int) -> bool:
    """Whether this copy in a lane is the one its key waits for; any other is stale."""
    return held is not None and held.id == id and held.lane > 0 and held.due_ms == due_ms
