"""What becomes of a record that was tried: its effects, its lane, its dead letter, and what its key holds then."""

import traceback
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from streams.contracts import names
from streams.contracts.facts import Facts, dead_letter, fingerprint, with_facts
from streams.contracts.headers import Headers
from streams.contracts.names import Names
from streams.domain.effects import SetTimer
from streams.domain.failure import Bury, RetryAt, Verdict, verdict
from streams.domain.order import Held, failed, finished
from streams.runtime.attempt import Failed, Handlers
from streams.runtime.done import event_id
from streams.runtime.keys import Letter
from streams.runtime.perform import Output, Performed
from streams.runtime.record import Message, Record, happened, history, id_of, sourced
from streams.runtime.spec import AppSpec
from streams.runtime.task import Task
from streams.runtime.timers import Timer
from streams.runtime.transaction import Batch


class Tried(NamedTuple):
    """A record and its history: `key` is its ordering key, `lane` 0 unless it came from one, `attempts` before this.

    `is_queued`: it is the first of its key's queue, and leaves it when its try is settled.
    """

    record: Record
    key: bytes
    lane: int = 0
    attempts: int = 0
    is_queued: bool = False


def ordering_key(spec: AppSpec, record: Record) -> bytes:
    """What the record queues behind: its key; or nothing but itself (`order: none`, no key), as often as it comes."""
    key = record.key()
    if key is not None and spec.stanza.order == "key":
        return key
    return id_of(record).encode() if spec.stanza.dedupe is None else event_id(record)


class Settlement:
    """Writes the outcome of a try into the batch and the task's tables."""

    def __init__(self, spec: AppSpec, handlers: Handlers, cluster: Names, now: Callable[[], datetime]) -> None:
        self._spec, self._handlers, self._cluster, self._now = spec, handlers, cluster, now

    def fresh(self, topic: str, message: Message) -> Tried:
        """A record just read from its source topic (logical name)."""
        record = sourced(message, topic)
        return Tried(record, ordering_key(self._spec, record))

    def oldest(self, task: Task, key: bytes) -> Tried:
        """The record that a running-on key tries next, with its place on the ladder and its attempts so far."""
        held, record = task.keys.held[key], task.keys.oldest(key)
        _, facts = history(record)
        return Tried(record, key, held.lane, held.attempts or (facts.attempts if facts else 0), is_queued=True)

    def settle(self, task: Task, batch: Batch, tried: Tried, outcome: Performed | Failed) -> None:
        """Raises RegistryUnavailable, having changed nothing."""
        if isinstance(outcome, Failed):
            self._failed(task, batch, tried, outcome)
        else:
            self._take(task, tried)
            self.succeeded(task, batch, tried, outcome)
            self.release(task, tried.key)

    def succeeded(self, task: Task, batch: Batch, tried: Tried, outcome: Performed) -> None:
        """What it asked for is done; whether its key is free now is another matter."""
        self.performed(task, batch, tried.record.key() or b"", outcome)
        batch.counts["processed"] += 1
        if task.done is not None:
            task.done.remember(tried.record, batch.now_ms)

    def repeated(self, task: Task, batch: Batch, tried: Tried) -> bool:
        """Whether its event is done already: then it is counted, and its key goes on without it."""
        if task.done is None or not task.done.knows(tried.record):
            return False
        self.step_over(task, batch, tried)
        return True

    def step_over(self, task: Task, batch: Batch, tried: Tried) -> None:
        batch.counts["duplicates"] += 1
        if tried.is_queued:
            self._take(task, tried)
            self.release(task, tried.key)

    def performed(self, task: Task, batch: Batch, key: bytes, performed: Performed) -> None:
        """Outputs into the batch, timers into their table."""
        batch.outputs.extend(performed.outputs)
        for effect in performed.timers:
            if isinstance(effect, SetTimer):
                task.timers.set(Timer(_ms(effect.due), key, effect.name, effect.wave))
            else:
                task.timers.cancel(key, effect.name)

    def release(self, task: Task, key: bytes) -> None:
        """The record in hand is finished: its key's queue runs on, or the key is free."""
        held = task.keys.held.get(key)
        if held is not None:
            self._hold(task, key, finished(held))

    def _failed(self, task: Task, batch: Batch, tried: Tried, failure: Failed) -> None:
        now = self._now()  # a slow try may have ended long after its turn began
        decided = self._verdict(now, tried, failure)
        facts = self._facts(_ms(now), tried, failure, decided)
        if isinstance(decided, RetryAt):
            self._take(task, tried)
            self._to_lane(task, batch, tried.record, (facts, decided))
        else:
            record = tried.record
            given_up = self._handlers.give_up(failure.event, facts.error_message, record.topic(), record)
            self._take(task, tried)
            self._bury(task, batch, tried, (facts, decided))
            self.performed(task, batch, record.key() or b"", given_up)
        held, id = task.keys.held.get(tried.key), id_of(tried.record)
        self._hold(task, tried.key, failed(held, id, facts.attempts, decided, _ms(now)))
        batch.counts["failed"] += 1

    def _verdict(self, now: datetime, tried: Tried, failure: Failed) -> Verdict:
        error = failure.error
        if not failure.may_hold:
            return Bury(str(error), holds=False)
        stanza = self._spec.stanza
        expires_at = None if stanza.kind == "saga" else getattr(failure.event, "expires_at", None)
        if stanza.deadline is not None and failure.stage == "deliver":
            ends_at = happened(tried.record) + stanza.deadline
            expires_at = ends_at if expires_at is None else min(expires_at, ends_at)
        return verdict(stanza.ladder, tried.lane, error, now, expires_at)

    def _facts(self, now_ms: int, tried: Tried, failure: Failed, decided: Verdict) -> Facts:
        record, error = tried.record, failure.error
        _, earlier = history(record)
        is_late = isinstance(decided, Bury) and decided.reason == "deadline"
        stack = "".join(traceback.format_exception(error))
        error.__traceback__ = None  # a handler may raise one object again and again, which would grow for ever
        message = f"deadline: {error}" if is_late else str(error)
        return Facts(
            stage=failure.stage, topic=record.topic(), partition=record.partition(), offset=record.offset(),
            timestamp_ms=record.timestamp()[1], group=self._spec.group, attempts=tried.attempts + 1,
            first_failed_at_ms=earlier.first_failed_at_ms if earlier else now_ms, last_failed_at_ms=now_ms,
            error_type="Deadline" if is_late else type(error).__name__, error_message=message, stack=stack,
            fingerprint=fingerprint((self._spec.group, failure.stage, type(error).__name__), message, stack),
        )

    def _to_lane(self, task: Task, batch: Batch, record: Record, retry: tuple[Facts, RetryAt]) -> None:
        facts, at = retry
        headers = with_facts(history(record)[0], facts, _ms(at.due))
        topic = self._cluster.topic(names.lane(self._spec.group, at.lane))
        batch.outputs.append(Output(topic, record.value(), record.key(), headers, task.partition))
        batch.counts["retried"] += 1

    def _bury(self, task: Task, batch: Batch, tried: Tried, burial: tuple[Facts, Bury]) -> None:
        facts, decided = burial
        record = tried.record
        self.letter(task, batch, record, dead_letter(history(record)[0], facts, self._cluster))
        task.keys.opened(id_of(record), Letter(facts.attempts, tried.key if decided.holds else None))
        batch.counts["parked" if decided.holds else "buried"] += 1
        batch.counts["overdue"] += decided.reason == "deadline"

    def letter(self, task: Task, batch: Batch, record: Record, headers: Headers) -> None:
        topic = self._cluster.topic(names.dead(self._spec.group))
        batch.outputs.append(Output(topic, record.value(), record.key(), headers, task.partition))

    def _take(self, task: Task, tried: Tried) -> None:
        if tried.is_queued:
            task.keys.take(tried.key)

    def _hold(self, task: Task, key: bytes, held: Held | None) -> None:
        task.keys.set(key, held)
        if held is None:
            task.timers.freed(key)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
