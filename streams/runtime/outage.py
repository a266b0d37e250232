"""What a partner's deliveries say about the partner: down, asking us to stop, or well; and what that gives back."""

import json

from streams.contracts.topology import Channel
from streams.domain.breaker import Breaker
from streams.domain.failure import Gone, Unreachable
from streams.runtime.record import id_of
from streams.runtime.settle import Tried
from streams.runtime.tables import PARTNER
from streams.runtime.task import Task
from streams.runtime.transaction import Batch

_STATE = PARTNER + b"state"


class Outage:
    """The partner's breaker, its state in every task's table, and the failures that would be given back."""

    def __init__(self, channel: Channel) -> None:
        self.breaker = Breaker(channel.opens_after, channel.probe_every)
        self._suspects: dict[bytes, tuple[Task, Tried]] = {}
        self._announced = ("up", "")

    @property
    def is_up(self) -> bool:
        return self.breaker.state == "up"

    def adopt(self, task: Task) -> None:
        """A pause, or an outage, survives the worker that saw it begin."""
        known = task.tables.get(_STATE)
        if known is not None and self.is_up:
            fields = json.loads(known)
            self.breaker.state, self.breaker.reason = fields["state"], fields["reason"]

    def drop(self, task: Task) -> None:
        self._suspects = {key: found for key, found in self._suspects.items() if found[0] is not task}

    def command(self, command: str) -> None:
        if command == "pause":
            self.breaker.pause("paused by hand")
        else:
            self.breaker.resume()

    def delivered(self) -> None:
        self.breaker.succeeded()
        self._suspects.clear()

    def failed(self, batch: Batch, key: bytes, error: Exception) -> bool:
        """True where this is the partner's state and not the record's failure: it keeps its attempt and its place."""
        if isinstance(error, Gone):
            batch.counts["gone"] += 1
            self.breaker.pause(str(error))
        elif isinstance(error, Unreachable):
            batch.counts["unreachable"] += 1
            self.breaker.unreachable(key, batch.now, str(error))
        else:
            batch.counts["refused"] += 1
            return False
        return not self.is_up

    def suspect(self, task: Task, tried: Tried) -> None:
        """This failure spent an attempt; if the partner turns out to be down, it is given back."""
        self._suspects[tried.key] = (task, tried)

    def give_back(self, task: Task, batch: Batch) -> None:
        """The failures that opened the breaker spent no attempt: their records stand before their queues again."""
        if self.is_up:
            return
        for key, (owner, tried) in list(self._suspects.items()):
            held = task.keys.held.get(key)
            if owner is task and held is not None and held.id == id_of(tried.record):
                task.keys.closed(held.id)
                task.keys.recall(key, tried.record, tried.lane, tried.attempts, batch.now_ms)
                del self._suspects[key]

    def announce(self, tasks: list[Task], batch: Batch) -> None:
        """Write the partner's state into every task's table when it has changed."""
        said = (self.breaker.state, self.breaker.reason)
        if said == self._announced:
            return
        value = json.dumps({"state": said[0], "since": batch.now_ms, "reason": said[1]}).encode()
        for task in tasks:
            task.tables.put(_STATE, value)

    def committed(self) -> None:
        self._announced = (self.breaker.state, self.breaker.reason)
