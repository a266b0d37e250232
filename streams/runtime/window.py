"""The awaited world: a bounded window of deliveries in flight, many keys at a time, each key in order.

Outcomes are settled in the order of the log, so a commit never passes an unfinished delivery; a hanging key delays
nobody; a crash repeats only what was in the window, with the same message id.
"""

from datetime import datetime
from typing import cast

from streams.contracts.codec import Unencodable
from streams.contracts.registry import RegistryUnavailable
from streams.contracts.topology import Channel
from streams.domain.effects import Effect
from streams.domain.failure import Poison, Unreachable
from streams.runtime.attempt import Failed, Handlers
from streams.runtime.lines import REPEATED, Courier, Item, Lines, Outcome
from streams.runtime.outage import Outage
from streams.runtime.perform import Performed
from streams.runtime.sending import Sending
from streams.runtime.settle import Settlement
from streams.runtime.task import Task
from streams.runtime.transaction import Batch


class Window:
    """The deliveries of all tasks of a partner's app; `outage` says how the partner is."""

    def __init__(self, channel: Channel, handlers: Handlers, settlement: Settlement, courier: Courier) -> None:
        self._handlers, self._settlement, self._courier = handlers, settlement, courier
        self.outage = Outage(channel)
        self._sending = Sending(channel, handlers, courier, self.outage)
        self._max_waiting = handlers.spec.stanza.max_waiting_bytes
        self._lines: dict[int, Lines] = {}

    @property
    def is_busy(self) -> bool:
        return self._sending.flying > 0

    @property
    def next_at(self) -> datetime | None:
        """When more may go, where only the channel's rate holds it up."""
        return self._sending.next_at

    def close(self) -> None:
        """Send out nothing more."""
        self._sending.is_closing = True

    def adopt(self, task: Task) -> None:
        """A task goes live, or begins again after an abort: nothing of it is in flight."""
        self.drop(task)
        self._lines[task.partition] = Lines()
        self.outage.adopt(task)

    def drop(self, task: Task) -> None:
        """The task goes elsewhere: its deliveries in flight are called back and their outcomes forgotten."""
        lines = self._lines.pop(task.partition, None)
        if lines is not None:
            flying = [item for item in lines.busy.values() if item.is_flying]
            self._sending.flying -= len(flying)
            for item in flying:
                item.is_flying = False
            self._courier.recall(flying)
        self.outage.drop(task)

    def land(self, batch: Batch) -> None:
        """Take in what has ended since the last turn, and let the breaker see it."""
        self._sending.share(batch.now, len(self._lines))
        for item, result in self._courier.landed():
            if item.is_flying:
                item.is_flying = False
                self._sending.flying -= 1
                item.outcome = self._outcome(batch, item, result)
                lines = self._lines[item.task.partition]
                lines.events.discard(item.event)
                self._go_on(item, lines, batch.now_ms)

    def work(self, task: Task, batch: Batch) -> None:
        """One task's share of a turn: take records in, settle what is done in log order, send what may go."""
        lines = self._lines[task.partition]
        self._admit(task, lines)
        self._reconsider(lines)
        self._settle(task, batch, lines)
        self.outage.give_back(task, batch, lines.busy)
        self._run_on(task, lines)
        lines.bring_back(task.keys.held)
        self._sending.give_up(batch, lines)
        self._sending.send(task, batch, lines)

    def _go_on(self, item: Item, lines: Lines, now_ms: int) -> None:
        """After a success the next one of the key may go, although an older delivery still keeps it from its commit."""
        if item.outcome is None:
            lines.make_ready(item)
        elif isinstance(item.outcome, Performed):
            may_go = self._is_known(item, item.outcome, now_ms)
            if item.stream is not None and may_go:
                lines.leave(item)

    def _is_known(self, item: Item, outcome: Performed, now_ms: int) -> bool:
        """Whether the same event behind it would not go out again; what asked for more is done when that is settled."""
        if item.task.done is None:
            return True
        if not outcome.outputs:
            item.task.done.remember(item.tried.record, now_ms)
        return not outcome.outputs

    def _outcome(self, batch: Batch, item: Item, result: list[Effect] | Exception) -> Outcome | None:
        """None: it is the partner's trouble; the record keeps its attempt and its place."""
        if isinstance(result, list):
            self.outage.delivered()
            batch.counts["delivered"] += 1
            return self._perform(item, result)
        if self.outage.failed(batch, item.tried.key, result):
            return None
        return Failed(result, "deliver", item.delivery.record if item.delivery else None)

    def _perform(self, item: Item, effects: list[Effect]) -> Outcome:
        try:
            return self._handlers.perform(effects, item.tried.record.topic(), item.tried.record)
        except (Poison, Unencodable, RegistryUnavailable) as error:
            return Failed(error, "deliver")

    def _reconsider(self, lines: Lines) -> None:
        """An outage that showed itself before this turn was over: what it failed meanwhile is not settled but kept."""
        if self.outage.is_up:
            return
        for item in lines.busy.values():
            if isinstance(item.outcome, Failed) and isinstance(item.outcome.error, Unreachable):
                item.outcome = None
                lines.make_ready(item)

    def _admit(self, task: Task, lines: Lines) -> None:
        for stream in task.own:
            while stream.buffer:
                message = stream.buffer.popleft()
                item = Item(task, self._settlement.fresh(stream.topic, message), stream, message.offset())
                stream.flying.append(item)
                lines.join(item)

    def _run_on(self, task: Task, lines: Lines) -> None:
        """The oldest of a queue goes before what has come since, which joins the queue when its own turn comes."""
        own = {stream.topic for stream in task.own}
        for key in task.keys.running_on:
            first = lines.busy.get(key)
            if first is None or (first.stream is not None and first.is_unsent):
                tried = self._settlement.oldest(task, key)
                if tried.record.topic() in own:
                    lines.overtake(Item(task, tried))

    def _settle(self, task: Task, batch: Batch, lines: Lines) -> None:
        for item in [item for item in lines.busy.values() if item.stream is None and item.outcome is not None]:
            self._finish(task, batch, lines, item)
        for stream in task.own:
            while stream.flying and self._settle_oldest(task, batch, lines, cast("Item", stream.flying[0])):
                stream.flying.popleft()

    def _settle_oldest(self, task: Task, batch: Batch, lines: Lines, item: Item) -> bool:
        """The oldest of a stream; False where its end is still awaited."""
        if item.is_unsent and item.tried.key in task.keys.held:
            if task.keys.waiting_bytes > self._max_waiting:
                return False
            task.keys.append(item.tried.key, item.tried.record)
            lines.leave(item)
        elif item.outcome is not None:
            self._finish(task, batch, lines, item)
        else:
            return False
        return True

    def _finish(self, task: Task, batch: Batch, lines: Lines, item: Item) -> None:
        outcome, tried = item.outcome, item.tried
        assert outcome is not None
        if isinstance(outcome, Failed):
            self.outage.suspect(task, tried, outcome)
        if outcome is REPEATED:
            self._settlement.step_over(task, batch, tried)
        elif tried.is_queued or tried.key not in task.keys.held:
            self._settlement.settle(task, batch, tried, outcome)
        elif isinstance(outcome, Failed):  # a later record of its key has failed meanwhile and holds it
            task.keys.append(tried.key, tried.record)
        else:
            self._settlement.succeeded(task, batch, tried, outcome)
        lines.leave(item)
