"""One task's share of a turn: commands, keys whose queue runs on, lanes that are due, then its sources in log order."""

from collections.abc import Callable

from streams.contracts.facts import due_at_ms
from streams.domain.failure import Poison
from streams.domain.order import is_awaited
from streams.runtime.attempt import NOTHING, Failed, Handlers
from streams.runtime.faults import HandlerTimeout
from streams.runtime.perform import Performed
from streams.runtime.record import Message, Record, id_of, returned, sourced
from streams.runtime.settle import Settlement, Tried, ordering_key
from streams.runtime.spec import AppSpec
from streams.runtime.task import Stream, Task
from streams.runtime.transaction import Batch


class Work:
    """Runs a task until its buffers are empty or `is_over` says that the turn has taken its time."""

    def __init__(self, spec: AppSpec, handlers: Handlers, settlement: Settlement, is_over: Callable[[], bool]) -> None:
        self._spec, self._handlers, self._settlement, self._is_over = spec, handlers, settlement, is_over
        self._own = {source.topic for source in spec.stanza.sources if source.is_own}

    def run(self, task: Task, batch: Batch) -> None:
        task.forget_old(batch.now_ms)
        self.recall_due(task, batch)
        self._run_on(task, batch)
        if task.keys.waiting_bytes <= self._spec.stanza.max_waiting_bytes:
            self._read_sources(task, batch)

    def recall_due(self, task: Task, batch: Batch) -> None:
        """What is due in a lane goes before its key's queue; a copy that nobody waits for leaves its lane at once."""
        for lane in task.lanes:
            while lane.buffer and self._leaves(task, batch, lane):
                lane.buffer.popleft()

    def refuse(self, task: Task, batch: Batch, stream: Stream, reason: str) -> None:
        """Somebody else's bytes in one of our own topics end in the dead letters."""
        record = sourced(stream.buffer[0], stream.topic)
        tried = Tried(record, id_of(record).encode())
        self._settlement.settle(task, batch, tried, Failed(Poison(reason), "decode", may_hold=False))

    def _leaves(self, task: Task, batch: Batch, lane: Stream) -> bool:
        """Whether the first record of a lane has no more to do there; one that is due is recalled."""
        due_ms, record = due_at_ms(lane.buffer[0].headers()) or 0, returned(lane.buffer[0])
        if record is None:
            self.refuse(task, batch, lane, "no retry record: its facts are missing")
            return True
        id = id_of(record)
        # the app's `order` may have been another when it failed
        for key in dict.fromkeys((record.key() or b"", id.encode(), ordering_key(self._spec, record))):
            held = task.keys.held.get(key)
            if held is not None and is_awaited(held, id, due_ms):
                if due_ms > batch.now_ms:
                    return False
                task.keys.recall(key, record, held.lane, held.attempts, batch.now_ms)
        return True

    def _run_on(self, task: Task, batch: Batch) -> None:
        for key in list(task.keys.running_on):
            while key in task.keys.running_on and not self._is_over():
                tried = self._settlement.oldest(task, key)
                if tried.record.topic() in self._own:
                    break  # the window delivers it
                if not self._settlement.repeated(task, batch, tried):
                    self._settlement.settle(task, batch, tried, self._try(task, tried.record.topic(), tried.record))

    def _read_sources(self, task: Task, batch: Batch) -> None:
        while not self._is_over():
            ready = sorted((stream for stream in task.sources if stream.buffer), key=_append_time)
            if not ready:
                return
            until_ms = _append_time(ready[1]) if len(ready) > 1 else None
            self._read(task, batch, ready[0], until_ms)

    def _read(self, task: Task, batch: Batch, stream: Stream, until_ms: int | None) -> None:
        """One source, for as long as its next record is not younger than that of the next source."""
        held, hung, buffer, handle = task.keys.held, self._handlers.hung, stream.buffer, self._handlers.handle
        knows = task.done is not None
        while buffer and not self._is_over():
            message = buffer[0]
            if until_ms is not None and message.timestamp()[1] > until_ms:
                return
            if held or hung or knows:
                self._with_care(task, batch, stream, message)
            else:
                outcome = handle(task.tables, stream.topic, message)
                if isinstance(outcome, Failed):
                    self._settlement.settle(task, batch, self._settlement.fresh(stream.topic, message), outcome)
                else:
                    batch.counts["processed"] += 1
                    if outcome is not NOTHING:
                        self._settlement.performed(task, batch, message.key() or b"", outcome)
            buffer.popleft()

    def _with_care(self, task: Task, batch: Batch, stream: Stream, message: Message) -> None:
        tried = self._settlement.fresh(stream.topic, message)
        if self._settlement.repeated(task, batch, tried):
            return
        if tried.key in task.keys.held:
            task.keys.append(tried.key, tried.record)
            return
        self._settlement.settle(task, batch, tried, self._try(task, stream.topic, tried.record))

    def _try(self, task: Task, topic: str, record: Record) -> Performed | Failed:
        if self._handlers.is_blamed(id_of(record)):
            return Failed(HandlerTimeout(), "handle")
        return self._handlers.handle(task.tables, topic, record)


def _append_time(stream: Stream) -> int:
    return stream.buffer[0].timestamp()[1]
