"""Everything that commits together: outputs, changelog, lanes, dead letters and offsets, or none of it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from streams.runtime.perform import Output
from streams.runtime.record import Message
from streams.runtime.task import Task


@dataclass(slots=True)
class Batch:
    """What one turn has gathered; the transaction begins only when it is complete."""

    now: datetime
    member: Any = None  # the group metadata as it was before anything was handled: it fences a zombie
    outputs: list[Output] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    fired: list[datetime] = field(default_factory=list)
    barrier_s: float = 0.0
    commands: list[Message] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)


class Aborted(Exception):
    """The transaction was undone, nothing of it is visible; go back to what is committed and go on."""


class Crash(Exception):
    """The cluster refused a write, or this worker was fenced: stop rather than commit past it."""


def offsets_of(tasks: list[Task]) -> dict[tuple[str, int], int]:
    """(logical topic, partition) → next offset, where that has moved since the last commit."""
    return {
        (stream.topic, stream.partition): stream.done
        for task in tasks
        for stream in task.streams.values()
        if stream.done > stream.committed
    }
