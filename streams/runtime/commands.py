"""Acts on the control topic: replay, drop, admit, again, pause, resume, each once (docs/design.md, order)."""

from streams.contracts import names
from streams.contracts.facts import facts_of
from streams.contracts.headers import text
from streams.contracts.names import Names
from streams.contracts.partitioner import partition_of
from streams.domain.order import Held
from streams.runtime.perform import Output
from streams.runtime.record import Message, Record, id_of, returned
from streams.runtime.settle import Settlement, ordering_key
from streams.runtime.spec import AppSpec
from streams.runtime.task import Role, Stream, Task
from streams.runtime.transaction import Batch
from streams.runtime.window import Window
from streams.runtime.work import Work

COMMAND = "xd_command"
AGAIN = "again"  # deliver once more what a partner has had


class Commands:
    """Reads a task's control stream; a letter that is no longer open makes a command a no-op."""

    def __init__(self, spec: AppSpec, settlement: Settlement, cluster: Names, work: Work, window: Window | None):
        self._spec, self._settlement, self._cluster = spec, settlement, cluster
        self._work, self._window = work, window

    def run(self, task: Task, batch: Batch) -> None:
        for stream in task.control:
            while stream.buffer:
                self._obey(task, batch, stream, stream.buffer[0])
                stream.buffer.popleft()

    def _obey(self, task: Task, batch: Batch, stream: Stream, message: Message) -> None:
        command = text(message.headers(), COMMAND) or ""
        record = returned(message)
        if command in ("pause", "resume") and self._window is not None:
            self._window.outage.command(command)
        elif command == AGAIN and self._window is not None and record is not None:
            self._again(task, batch, record)
        elif command in ("replay", "drop", "admit") and record is not None:
            self._letter(task, batch, command, record)
        else:
            self._work.refuse(task, batch, stream, f"no command that {self._spec.group} knows: {command!r}")

    def _letter(self, task: Task, batch: Batch, command: str, record: Record) -> None:
        id, facts = id_of(record), facts_of(record.headers() or [])
        assert facts is not None
        letter = task.keys.open.get(id)
        if command != "admit" and (letter is None or letter.attempts != facts.attempts):
            return
        task.keys.closed(id)
        batch.counts[command] += 1
        if command == "drop" and task.done is not None:
            task.done.remember(record, batch.now_ms)
        if letter is not None and letter.key is not None:
            self._parked(task, batch, command, record, letter.key, letter.attempts)
        elif command != "drop":
            self._admit(task, batch, record)

    def _again(self, task: Task, batch: Batch, record: Record) -> None:
        """It goes behind its key's queue; what is not over yet will come anyway, or is a dead letter."""
        stream, id = task.streams.get(record.topic()), id_of(record)
        key = ordering_key(self._spec, record)
        is_ours = stream is not None and stream.role is Role.OWN and record.partition() == task.partition
        if stream is None or not is_ours or record.offset() >= stream.done:
            return
        if id in task.keys.open or task.keys.awaits(key, id):
            return
        batch.counts[AGAIN] += 1
        if task.done is not None:
            task.done.forget(record)
        self._enqueue(task, batch, key, record)

    def _enqueue(self, task: Task, batch: Batch, key: bytes, record: Record) -> None:
        if key not in task.keys.held:
            task.keys.set(key, Held(None, since_ms=batch.now_ms))
        task.keys.append(key, record)

    def _parked(self, task: Task, batch: Batch, command: str, record: Record, *letter: object) -> None:
        key, attempts = letter
        assert isinstance(key, bytes) and isinstance(attempts, int)
        if command == "drop":
            self._settlement.release(task, key)
        else:
            task.keys.recall(key, record, 0, attempts, batch.now_ms)

    def _admit(self, task: Task, batch: Batch, record: Record) -> None:
        """A buried record comes again, out of turn: behind its key's queue, and on its key's own partition."""
        home = self._home(task, record)
        if home != task.partition:
            headers = [*(pair for pair in record.headers() or [] if pair[0] != COMMAND), (COMMAND, b"admit")]
            topic = self._cluster.topic(names.control(self._spec.group))
            batch.outputs.append(Output(topic, record.value(), record.key(), headers, home))
            return
        self._enqueue(task, batch, ordering_key(self._spec, record), record)

    def _home(self, task: Task, record: Record) -> int:
        key = record.key()
        if self._spec.decide is None or key is None:
            return task.partition
        return partition_of(key, self._spec.stanza.partitions)
