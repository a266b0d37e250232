"""The engine: one turn is one transaction. Poll, handle, commit outputs, changelog and offsets, then the store."""

import logging
from datetime import UTC, datetime

from streams.contracts.registry import RegistryUnavailable
from streams.runtime.attempt import Failed, Handlers
from streams.runtime.barrier import Barrier
from streams.runtime.broadcast import Broadcast
from streams.runtime.commands import Commands
from streams.runtime.commit import Committer
from streams.runtime.intake import Intake
from streams.runtime.membership import Membership
from streams.runtime.parts import Parts
from streams.runtime.patience import Patience
from streams.runtime.perform import Performer
from streams.runtime.positions import Positions
from streams.runtime.settle import Settlement
from streams.runtime.spec import AppSpec
from streams.runtime.tables import StateRefused
from streams.runtime.task import Task
from streams.runtime.transaction import Aborted, Batch
from streams.runtime.upkeep import Upkeep
from streams.runtime.watchdog import Watch
from streams.runtime.window import Window
from streams.runtime.work import Work

_log = logging.getLogger(__name__)
TURN_S = 0.1  # a turn takes in no new record after this, so that a transaction is never old
_TIMER_AGAIN_MS = 5_000
_REGISTRY_PAUSE_MS = 1_000


class Engine:
    """Drives one app; the caller calls `turn` again and again, from one thread."""

    def __init__(self, spec: AppSpec, parts: Parts, watch: Watch) -> None:
        self._spec, self._parts, self._watch = spec, parts, watch
        performer = Performer(spec.topology, spec.group, parts.codec, parts.names)
        self._handlers = Handlers(spec, parts.codec, performer, watch)
        self._handlers.hung = watch.hung()
        self._settlement = Settlement(spec, self._handlers, parts.names, parts.clock.now)
        self._work = Work(spec, self._handlers, self._settlement, self._is_over)
        self._window = self._open_window()
        self._commands = Commands(spec, self._settlement, parts.names, self._work, self._window)
        self._barrier = Barrier(parts.admin, parts.names, spec.topology.max_clock_skew)
        self._positions = Positions(parts.consumer, parts.admin, parts.names, spec.stanza, parts.clock)
        self._broadcasts = self._open_broadcasts()
        self._membership = Membership(parts, spec.stanza)
        self._membership.on_live, self._membership.on_lost = self._live, self._lost
        self._intake = Intake(parts, self._membership, spec.stanza.max_waiting_bytes)
        self._patience = Patience(parts, self._intake, self._barrier, self._window)
        self._commit = Committer(spec, parts)
        self._upkeep = Upkeep(parts)
        self._over_at = 0.0

    @property
    def is_ready(self) -> bool:
        """Has joined its group, and none of its tasks is being restored."""
        return self._membership.has_joined and all(task.is_live for task in self._membership.tasks.values())

    @property
    def leads(self) -> bool:
        """Whether this is the one worker of the group that has its first task: what only one may do is done here."""
        return any(task.partition == 0 for task in self._membership.live)

    @property
    def patience_s(self) -> float:
        """How long the next turn may wait for a record before it does anything else."""
        return 0.0 if self._membership.remaining else self._patience.seconds(self._membership.live)

    def start(self) -> None:
        """Fence whoever had this slot before, then join the group."""
        self._commit.start()
        self._membership.join()

    def turn(self) -> None:
        """One round; raises Crash or Stop where this worker must not go on."""
        self._watch.refuse_zombie()
        patience_s = self.patience_s
        self._intake.poll(patience_s, self._commit.settling_s() if patience_s else 0.0)
        self._membership.restore(self._parts.clock.now())
        tasks = self._membership.live
        batch = Batch(self._parts.clock.now(), self._parts.consumer.consumer_group_metadata())
        self._gather(tasks, batch)
        self._upkeep.run(tasks, dict(self._membership.remaining), self.is_ready)
        self._watch(batch)
        try:
            self._commit.commit(batch, tasks)
        except (Aborted, StateRefused) as failure:
            self._handlers.is_careful = isinstance(failure, StateRefused)
            self._handlers.blamed.clear()
            for task in tasks:
                self._membership.rewind(task)
            return
        finally:
            self._watch(None)
        self._committed(batch)

    def wind_down(self) -> bool:
        """Send out nothing more; False once nothing is in flight and the engine may stop."""
        if self._window is None:
            return False
        self._window.close()
        return self._window.is_busy

    def stop(self) -> None:
        """Leave; what is in flight is repeated by whoever comes next, with the same ids."""
        self._membership.leave()
        for broadcast in self._broadcasts.values():
            broadcast.close()
        self._parts.consumer.close()
        self._parts.store.close()

    def _gather(self, tasks: list[Task], batch: Batch) -> None:
        """Everything that this turn's transaction will hold; nothing of it has happened yet."""
        self._over_at = self._parts.clock.monotonic() + TURN_S
        has_tables = self._read_broadcasts(tasks)
        if self._window is not None:
            self._window.land(batch)
        for task in self._intake.in_turn(tasks) if has_tables else ():
            self._one(task, batch)
        if self._window is not None:
            self._window.outage.announce(tasks, batch)
        self._barrier.look(tasks, batch.now_ms)

    def _one(self, task: Task, batch: Batch) -> None:
        """A registry that does not answer is nobody's failure: the task waits, what it has done so far stands."""
        if batch.now_ms < task.not_before_ms:
            return
        try:
            self._commands.run(task, batch)
            self._work.run(task, batch)
            if self._window is not None:
                self._window.work(task, batch)
            self._fire(task, batch)
        except RegistryUnavailable as error:
            task.not_before_ms = batch.now_ms + _REGISTRY_PAUSE_MS
            _log.warning("%s waits: %s", self._spec.group, error)

    def _fire(self, task: Task, batch: Batch) -> None:
        """Records go before timers: those fire only behind the barrier."""
        until = self._barrier.may_fire_until_ms(task) if len(task.timers) else None
        if until is None:
            return
        while not self._is_over() and (timer := task.timers.take(until, task.keys.held.__contains__)) is not None:
            outcome = self._handlers.fire(task.tables, timer)
            if isinstance(outcome, Failed):
                batch.counts["failed"] += 1
                task.timers.put_off(timer, batch.now_ms + _TIMER_AGAIN_MS)
                _log.error("%r: timer %s failed, again in 5 s", timer.key, timer.name, exc_info=outcome.error)
                continue
            self._settlement.performed(task, batch, timer.key, outcome)
            batch.barrier_s = self._barrier.waited_s(batch.now_ms)
            batch.fired.append(datetime.fromtimestamp(timer.due_ms / 1000, UTC))

    def _committed(self, batch: Batch) -> None:
        """What this turn did stands."""
        self._handlers.is_careful = False
        if batch.counts["retried"]:
            self._intake.laned(batch.outputs)
        self._watch.settled(self._handlers.blamed)
        self._handlers.forget_blamed()
        if self._window is not None:
            self._window.outage.committed()
            self._parts.metrics.partner(self._window.outage.breaker.state)

    def _is_over(self) -> bool:
        return self._parts.clock.monotonic() > self._over_at

    def _live(self, task: Task) -> None:
        if self._window is not None:
            self._window.adopt(task)

    def _lost(self, task: Task) -> None:
        if self._window is not None:
            self._window.drop(task)
        self._barrier.forget(task)
        self._parts.metrics.forget(task.partition)

    def _open_window(self) -> Window | None:
        if self._spec.stanza.channel is None or self._parts.courier is None:
            return None
        return Window(self._spec.stanza.channel, self._handlers, self._settlement, self._parts.courier)

    def _open_broadcasts(self) -> dict[str, Broadcast]:
        opened: dict[str, Broadcast] = {}
        for name, topic in self._spec.tables.items():
            partitions = self._spec.topology.events[topic].partitions
            opened[name] = Broadcast(topic, partitions, self._parts)
        self._handlers.broadcast = {name: broadcast.view for name, broadcast in opened.items()}
        return opened

    def _read_broadcasts(self, tasks: list[Task]) -> bool:
        """Handlers see every profile that was in its topic when their turn began; False: they are not to be called."""
        if not (self._broadcasts and any(self._intake.has_work(task) for task in tasks)):
            return True
        return all(broadcast.read(self._positions.ends(broadcast.places)) for broadcast in self._broadcasts.values())
