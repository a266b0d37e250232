"""Deliberate bugs of the runtime, put in from here only: a judge that finds none of them is no judge."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from confluent_kafka import IsolationLevel, KafkaError, TopicPartition

from streams.contracts.facts import due_at_ms
from streams.domain import lead, order
from streams.domain.answers import accept
from streams.runtime import keys
from streams.runtime.barrier import Barrier
from streams.runtime.commands import Commands
from streams.runtime.commit import Committer
from streams.runtime.engine import Engine
from streams.runtime.membership import Membership
from streams.runtime.perform import Performer
from streams.runtime.positions import Positions
from streams.runtime.record import id_of
from streams.runtime.restore import Restore
from streams.runtime.settle import Settlement
from streams.runtime.store import Position
from streams.runtime.tables import Tables
from streams.runtime.transaction import Aborted, Batch
from streams.runtime.work import Work
from streams.testing.groups import Metadata
from tests.simulate import partner_mutants
from tests.simulate.planting import MUTANTS, planted
from tests.simulate.planting import mutant as _mutant

__all__ = ["MUTANTS", "partner_mutants", "planted"]
_commit, _transact = Committer.commit, Committer._transact
_gather, _leaves, _begin, _letter = Engine._gather, Work._leaves, Restore.begin, Commands._letter
_perform = Performer.perform


@_mutant(Committer, "commit", "the store is written before the commit")
def _store_first(self: Committer, batch: Any, tasks: Any) -> None:
    for task in tasks:
        changed = task.tables.changes()
        if changed:
            position = Position(task.changelog_next, task.changelog_id, batch.now_ms)
            self._parts.store.write(task.partition, changed, position)
    _commit(self, batch, tasks)


@_mutant(Committer, "_transact", "offsets are committed one too far where there is more to read")
def _offset_too_far(self: Committer, batch: Any, changes: Any, offsets: Any) -> None:
    _transact(self, batch, changes, {place: at + 1 for place, at in offsets.items()})


@_mutant(Committer, "_transact", "offsets are not sent")
def _no_offsets(self: Committer, batch: Any, changes: Any, offsets: Any) -> None:
    _transact(self, batch, changes, {})


@_mutant(Committer, "_again", "a turn without news sends no offsets: nothing fences it")
def _no_fence(self: Committer, tasks: Any) -> dict[Any, int]:
    return {}


@_mutant(Committer, "_transact", "an abort is taken for a commit")
def _abort_passed_over(self: Committer, batch: Any, changes: Any, offsets: Any) -> None:
    try:
        _transact(self, batch, changes, offsets)
    except Aborted:
        for task in changes:
            self._positions.setdefault(task.partition, 0)


@_mutant(Barrier, "may_fire_until_ms", "a timer fires before its input is read")
def _no_barrier(self: Barrier, task: Any) -> int | None:
    return self._until_ms.get(task.partition)


@_mutant(Barrier, "due_before_ms", "the clock's skew is forgotten")
def _no_skew(self: Barrier, now_ms: int) -> int:
    return now_ms


@_mutant(Settlement, "_hold", "a failed record's key is not held")
def _key_forgotten(self: Settlement, task: Any, key: bytes, held: Any) -> None:
    task.keys.set(key, None)
    task.timers.freed(key)


@_mutant(Committer, "_store", "the store's position is one too far")
def _position_too_far(self: Committer, changes: Any) -> None:
    for task, changed in changes.items():
        task.changelog_next = self._positions[task.partition] + 3
        task.tables.committed(changed, Position(task.changelog_next, task.changelog_id, 1 << 60))


@_mutant(Positions, "_offsets", "ends are asked for as READ_COMMITTED")
def _stable_ends(self: Positions, places: Any, spec: Any) -> dict[Any, int]:
    wanted = {TopicPartition(*place): spec() for place in places}
    asked = self._admin.list_offsets(wanted, isolation_level=IsolationLevel.READ_COMMITTED) if wanted else {}
    return {(part.topic, part.partition): found.result().offset for part, found in asked.items()}


@_mutant(Membership, "rewind", "nothing is read again after an abort")
def _no_rewind(self: Membership, task: Any) -> None:
    task.load()
    for stream in task.streams.values():
        stream.buffer.clear()
        stream.flying.clear()
    self.on_live(task)


@_mutant(Engine, "_gather", "offsets are sent without the member's generation")
def _zombie(self: Engine, tasks: Any, batch: Any) -> None:
    batch.member = Metadata(self._spec.group, -1, "", None)
    _gather(self, tasks, batch)


@_mutant(Restore, "_take", "tombstones are passed over when a changelog is read")
def _no_tombstones(self: Restore, message: Any, changes: Any) -> None:
    partition, error = message.partition(), message.error()
    task = self._tasks.get(partition)
    if task is None:
        return
    if error is None:
        if message.value() is not None:
            changes.setdefault(partition, {})[message.key()] = message.value()
        task.changelog_next = message.offset() + 1
    elif error.code() == KafkaError._PARTITION_EOF:
        changes.setdefault(partition, {})
        task.changelog_next = max(task.changelog_next, message.offset())


@_mutant(keys.Keys, "append", "the newest of a queue goes first")
def _queue_reversed(self: keys.Keys, key: bytes, record: Any) -> None:
    held = self.held[key]
    self.recall(key, record, held.lane, held.attempts, 0)
    self.set(key, order.Held(held.id, held.lane, held.attempts, held.first - 1, held.next, held.since_ms, held.due_ms))


@_mutant(Work, "_leaves", "a lane's due time is not waited for")
def _lane_at_once(self: Work, task: Any, batch: Any, lane: Any) -> bool:
    is_gone: bool = _leaves(self, task, Batch(batch.now + timedelta(hours=1)), lane)
    return is_gone


@_mutant(Work, "_leaves", "what comes back from a lane is forgotten")
def _lane_forgotten(self: Work, task: Any, batch: Any, lane: Any) -> bool:
    due_ms = due_at_ms(lane.buffer[0].headers())
    return due_ms is None or due_ms <= int(batch.now_ms)


@_mutant(Tables, "rolled_back", "what an aborted turn has changed stays")
def _not_rolled_back(self: Tables) -> None:
    pass


@_mutant(Restore, "begin", "restoring stops one record early")
def _one_too_few(self: Restore, tasks: Any) -> Any:
    return _begin(self, {task: end - 2 for task, end in tasks.items()})


@_mutant(Commands, "_letter", "a command acts on a dead letter that is no longer open")
def _replayed_twice(self: Commands, task: Any, batch: Any, command: str, record: Any) -> None:
    if command == "replay" and id_of(record) not in task.keys.open:
        self._admit(task, batch, record)
    else:
        _letter(self, task, batch, command, record)


@_mutant(lead, "accept", "a repeated acceptance is answered again")
def _answered_again(state: Any, event: Any, now: Any, policy: Any) -> Any:
    if state is not None and state.stage not in ("awaiting", "escalated"):
        offers = [replace(o, answer=None) if o.answer != "accepted" else o for o in state.offers]
        return accept(replace(state, offers=offers, strangers=[]), event, now, policy)
    return accept(state, event, now, policy)


@_mutant(Performer, "perform", "an output goes to a partition that is not its key's")
def _wrong_partition(self: Performer, effects: Any, cause: Any) -> Any:
    found = _perform(self, effects, cause)
    return found._replace(outputs=[output._replace(partition=0) for output in found.outputs])
