"""What a partner's deliveries say about the partner: down, asking us to stop, or well; and what that gives back."""

import json
from collections.abc import Container
from typing import Any, NamedTuple

from streams.contracts.topology import Channel
from streams.domain.breaker import Breaker
from streams.domain.failure import Gone, Unreachable
from streams.runtime.attempt import Failed
from streams.runtime.record import id_of
from streams.runtime.settle import Tried
from streams.runtime.tables import PARTNER
from streams.runtime.task import Task
from streams.runtime.transaction import Batch

_STATE = PARTNER + b"state"


class Suspect(NamedTuple):
    """A record as it was before a failure that may be its partner's; with a deadline it is not dug up again."""

    task: Task
    tried: Tried
    has_deadline: bool


class Outage:
    """The partner's breaker, its state in every task's table, and the failures that would be given back."""

    def __init__(self, channel: Channel) -> None:
        self.breaker = Breaker(channel.opens_after, channel.probe_every)
        self._suspects: dict[bytes, Suspect] = {}
        self._written: dict[int, tuple[str, str]] = {}  # by partition: what its table says

    @property
    def is_up(self) -> bool:
        return self.breaker.state == "up"

    def adopt(self, task: Task) -> None:
        """A pause, or an outage, survives the worker that saw it begin."""
        known = task.tables.get(_STATE)
        fields: dict[str, Any] = json.loads(known) if known is not None else {"state": "up", "reason": ""}
        self._written[task.partition] = fields["state"], fields["reason"]
        if self.is_up:
            self.breaker.state, self.breaker.reason = fields["state"], fields["reason"]

    def drop(self, task: Task) -> None:
        self._written.pop(task.partition, None)
        self._suspects = {key: found for key, found in self._suspects.items() if found.task is not task}

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
            self.breaker.unreachable(key, batch.now, str(error), error.after)
        else:
            batch.counts["refused"] += 1
            return False
        return not self.is_up

    def suspect(self, task: Task, tried: Tried, failure: Failed) -> None:
        """It spent an attempt. If the partner turns out to be down, what was its silence since then is given back."""
        key, known = tried.key, self._suspects.get(tried.key)
        if not isinstance(failure.error, Unreachable) or key not in self.breaker.suspects:
            self._suspects.pop(key, None)
        elif known is None or id_of(known.tried.record) != id_of(tried.record):
            self._suspects[key] = Suspect(task, tried, hasattr(failure.event, "expires_at"))

    def give_back(self, task: Task, batch: Batch, busy: Container[bytes]) -> None:
        """The failures that opened the breaker spent no attempt: their records stand before their queues again."""
        if self.is_up:
            return
        for key, suspect in list(self._suspects.items()):
            if suspect.task is task and (_stands(suspect) or (key not in busy and _is_buried(suspect))):
                tried = suspect.tried
                task.keys.closed(id_of(tried.record))
                task.keys.recall(key, tried.record, tried.lane, tried.attempts, batch.now_ms)
                del self._suspects[key]

    def announce(self, tasks: list[Task], batch: Batch) -> None:
        """Write the partner's state into the table of every task that says otherwise."""
        said = (self.breaker.state, self.breaker.reason)
        value = json.dumps({"state": said[0], "since": batch.now_ms, "reason": said[1]}).encode()
        for task in tasks:
            if self._written.get(task.partition) != said:
                task.tables.put(_STATE, value)

    def committed(self) -> None:
        self._written = dict.fromkeys(self._written, (self.breaker.state, self.breaker.reason))


def _stands(suspect: Suspect) -> bool:
    """It stands in a lane or is parked: its key waits for it."""
    held = suspect.task.keys.held.get(suspect.tried.key)
    return held is not None and held.id == id_of(suspect.tried.record)


def _is_buried(suspect: Suspect) -> bool:
    """Its ladder came to its end in the outage; no later record of its key was delivered, a success clears suspects."""
    keys, tried = suspect.task.keys, suspect.tried
    held = keys.held.get(tried.key)
    return not suspect.has_deadline and id_of(tried.record) in keys.open and (held is None or held.is_running_on)
