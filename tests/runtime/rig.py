"""One app's tasks driven by hand: real work, commands and window; topics are lists, a turn commits or aborts."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from streams.contracts import names
from streams.contracts.codec import Codec
from streams.contracts.facts import facts_of
from streams.contracts.names import Names
from streams.contracts.partitioner import partition_of
from streams.contracts.registry import InMemory, RegistryUnavailable
from streams.contracts.schema_files import load, of_topics
from streams.contracts.settings import from_env
from streams.contracts.topology import Stanza
from streams.domain.effects import Effect, Publish
from streams.domain.events import Event, OrderCancelled
from streams.runtime.attempt import Handlers
from streams.runtime.commands import COMMAND, Commands
from streams.runtime.perform import Performer
from streams.runtime.record import Record
from streams.runtime.settle import Settlement
from streams.runtime.spec import AppSpec
from streams.runtime.store import Position
from streams.runtime.tables import States, Tables
from streams.runtime.task import Role, Stream, Task
from streams.runtime.transaction import Batch
from streams.runtime.window import Window
from streams.runtime.work import Work
from streams.testing.store import MemoryStore
from tests.runtime.hand_courier import HandCourier
from tests.runtime.rig_map import DONE, GROUP, ONE, START, noted, own, topology


class Rig:
    """A record says its `reason`; the handler notes it in `tries` and raises what `tells` has for it, then succeeds."""

    def __init__(self, stanza: Stanza, **spec: Any) -> None:
        self.now, self.tries = START, list[str]()
        self.patience: int | None = None  # how often a turn may ask whether it is over before it is told so
        self.tells: dict[str, list[Exception]] = defaultdict(list)
        self.log: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self._committed: dict[tuple[str, int], int] = defaultdict(int)
        self.spec = AppSpec(topology(stanza), stanza, **(spec or {"react": self._react}))
        local = of_topics(load(from_env({}).schemas), self.spec.topology)
        registry = InMemory()
        registry.register({f"{topic}-value": schema for topic, schema in local.items()})
        self.codec = Codec(registry, Names(), local)
        self.store, self.courier = MemoryStore(), HandCourier()
        self.start()

    def start(self) -> None:
        """As a process that begins: all memory is new, tables and offsets are the committed ones."""
        performer = Performer(self.spec.topology, GROUP, self.codec, Names())
        self.handlers = Handlers(self.spec, self.codec, performer, lambda _: None)
        settlement = Settlement(self.spec, self.handlers, Names(), lambda: self.now)
        self.work = Work(self.spec, self.handlers, settlement, self._is_over)
        channel = self.spec.stanza.channel
        self.window = Window(channel, self.handlers, settlement, self.courier) if channel else None
        self.commands = Commands(self.spec, settlement, Names(), self.work, self.window)
        self.tasks = [self._task(partition) for partition in range(self.spec.stanza.partitions)]
        self.task = self.tasks[0]

    def say(self, topic: str, key: str | None, *reasons: str, partition: int = 0) -> None:
        """Records with these reasons arrive."""
        for reason in reasons:
            self.put(topic, key, OrderCancelled(order_id=key or "", reason=reason), partition)

    def put(self, topic: str, key: str | None, record: Event, partition: int = 0) -> None:
        self.append((topic, partition), None if key is None else key.encode(), self.codec.encode(topic, record), [])

    def append(self, place: tuple[str, int], key: bytes | None, value: bytes | None, headers: Any) -> None:
        log = self.log[place]
        log.append(Record((*place, len(log)), round(self.now.timestamp() * 1000), key, value, headers))

    def command(self, verb: str, letter: Record | None = None) -> None:
        """What the command line writes: a letter as it is, or a bare pause or resume to every partition."""
        control, said = names.control(GROUP), (COMMAND, verb.encode())
        if letter is not None:
            self.append((control, letter.partition()), letter.key(), letter.value(), [*(letter.headers() or []), said])
            return
        for task in self.tasks:
            self.append((control, task.partition), None, b"", [said])

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def turn(self, *, aborts: bool = False) -> Batch:
        """As the engine's: poll, gather, and commit; or undo it all and read again."""
        self._poll()
        batch = Batch(self.now)
        if self.window is not None:
            self.window.land(batch)
        for task in self.tasks:
            self._one(task, batch)
        if self.window is not None:
            self.window.outage.announce(self.tasks, batch)
        if aborts:
            self._rewind()
        else:
            self._commit(batch)
        return batch

    def turns(self, count: int = 5) -> None:
        for _ in range(count):
            self.turn()

    @property
    def done(self) -> list[str]:
        """What was handled, in the order of the committed log."""
        return self.reasons(DONE)

    @property
    def dead(self) -> list[Record]:
        return [letter for task in self.tasks for letter in self.log[names.dead(GROUP), task.partition]]

    def lane(self, number: int) -> list[str]:
        return self.reasons(names.lane(GROUP, number))

    def reasons(self, topic: str) -> list[str]:
        return [self.reason(record) for task in self.tasks for record in self.log[topic, task.partition]]

    def reason(self, record: Record) -> str:
        facts = facts_of(record.headers())
        found: Any = self.codec.decode(facts.topic if facts else record.topic(), record.value(), START)
        return str(getattr(found, "reason", "") or found.reasons[0])

    def _react(self, event: Any) -> Iterable[Effect]:
        reason = getattr(event, "reason", "offer")
        self.tries.append(reason)
        if self.tells[reason]:
            raise self.tells[reason].pop(0)
        if self.spec.stanza.channel is not None:
            return [Publish(event, to=own(ONE))]
        return noted(reason)

    def _task(self, partition: int) -> Task:
        stanza, changelog = self.spec.stanza, names.changelog(GROUP)
        streams = [Stream(s.topic, partition, Role.OWN if s.is_own else Role.SOURCE) for s in stanza.sources]
        lanes = range(1, len(stanza.ladder.delays) + 1)
        streams += [Stream(names.lane(GROUP, number), partition, Role.LANE, number) for number in lanes]
        streams.append(Stream(names.control(GROUP), partition, Role.CONTROL))
        for stream in streams:
            stream.reset(self._committed[stream.topic, partition])
        states = States(lambda s: self.codec.encode(changelog, s), lambda v: self.codec.decode(changelog, v, START))
        task = Task(partition, streams, Tables(self.store, partition, states), stanza.dedupe)
        task.load()
        if self.window is not None:
            self.window.adopt(task)
        return task

    def _poll(self) -> None:
        for task in self.tasks:
            for stream in task.streams.values():
                for record in self.log[stream.topic, task.partition][stream.polled :]:
                    if not stream.is_full:
                        stream.buffer.append(record)
                        stream.polled += 1
                if stream.polled == len(self.log[stream.topic, task.partition]):
                    stream.end = stream.polled

    def _is_over(self) -> bool:
        if self.patience is None:
            return False
        self.patience -= 1
        return self.patience < 0

    def _one(self, task: Task, batch: Batch) -> None:
        try:
            self.commands.run(task, batch)
            self.work.run(task, batch)
            if self.window is not None:
                self.window.work(task, batch)
        except RegistryUnavailable:
            pass  # what it has done so far stands, as in the engine

    def _commit(self, batch: Batch) -> None:
        for task in self.tasks:
            task.tables.committed(task.tables.changes(), Position(0, "rig", batch.now_ms))
            for stream in task.streams.values():
                self._committed[stream.topic, task.partition] = stream.committed = max(stream.committed, stream.done)
        for out in batch.outputs:
            partition = partition_of(out.key or b"", len(self.tasks)) if out.partition < 0 else out.partition
            self.append((out.topic, partition), out.key, out.value, list(out.headers))
        if self.window is not None:
            self.window.outage.committed()

    def _rewind(self) -> None:
        for task in self.tasks:
            task.load()
            for stream in task.streams.values():
                stream.reset(stream.committed)
            if self.window is not None:
                self.window.adopt(task)
