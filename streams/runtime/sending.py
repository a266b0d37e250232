"""What of a task's lines goes out now: nothing twice, and no more at a time than its channel may have."""

from datetime import datetime

from streams.contracts.topology import Channel
from streams.domain.failure import Overdue
from streams.domain.rate import Bucket
from streams.runtime.attempt import Failed, Handlers
from streams.runtime.done import event_id
from streams.runtime.lines import REPEATED, Courier, Item, Lines
from streams.runtime.outage import Outage
from streams.runtime.record import happened
from streams.runtime.task import Task
from streams.runtime.transaction import Batch


class Sending:
    """Fills the window; `flying` is how many deliveries of all tasks are on their way."""

    def __init__(self, channel: Channel, handlers: Handlers, courier: Courier, outage: Outage) -> None:
        self._concurrency, self._handlers, self._courier, self._outage = channel.concurrency, handlers, courier, outage
        self._rate = channel.rate
        self._bucket = None if channel.rate is None else Bucket(channel.rate)
        self._deadline = handlers.spec.stanza.deadline
        self.flying = 0
        self.is_closing = False
        self.next_at: datetime | None = None  # when more may go, where only the rate holds it up

    def share(self, now: datetime, tasks: int) -> None:
        """A turn begins: of the rate, this worker has the part that it has of the tasks."""
        self.next_at = None
        if self._bucket is not None and self._rate is not None:
            self._bucket.refill(now, self._rate * max(tasks, 1) / self._handlers.spec.stanza.partitions)

    def give_up(self, batch: Batch, lines: Lines) -> None:
        """What is too old does not go out, nor wait for a partner who is down; nobody of its key waits for it."""
        if self._deadline is None:
            return
        late = batch.now - self._deadline
        while found := [each for each in lines.busy.values() if each.is_unsent and happened(each.tried.record) < late]:
            for item in found:
                item.outcome = Failed(Overdue(), "deliver", may_hold=False)
                if item.stream is not None:
                    lines.leave(item)

    def send(self, task: Task, batch: Batch, lines: Lines) -> None:
        going: list[Item] = []
        try:
            self._choose(task, batch, lines, going)
        finally:
            self._courier.send(going)

    def _choose(self, task: Task, batch: Batch, lines: Lines, going: list[Item]) -> None:
        while lines.ready and self.flying < self._concurrency and not self.is_closing:
            item = lines.ready[0]
            key = item.tried.key
            if lines.busy.get(key) is not item or (item.stream is not None and key in task.keys.held):
                lines.put_aside()  # it joins its key's queue when it is the oldest of its stream
            elif item.outcome is not None:
                lines.pass_over()
            elif task.done is not None and task.done.knows(item.tried.record):
                self._end(lines, item)
            elif task.done is not None and event_id(item.tried.record) in lines.events:
                lines.put_aside()  # under another key; if that comes to nothing, this is the event
            elif not (self._has_room() and self._outage.breaker.lets_through(batch.now)):
                break
            else:
                self._prepare(lines, item, going)

    def _prepare(self, lines: Lines, item: Item, going: list[Item]) -> None:
        prepared = self._handlers.prepare(item.tried.record)
        lines.pass_over()
        if isinstance(prepared, Failed):
            item.outcome = prepared
        else:
            item.delivery, item.is_flying = prepared, True
            if item.task.done is not None:
                item.event = event_id(item.tried.record)
                lines.events.add(item.event)
            self.flying += 1
            if self._bucket is not None:
                self._bucket.take()
            going.append(item)

    def _has_room(self) -> bool:
        """Whether the rate has room for one more."""
        if self._bucket is None or self._bucket.has_token:
            return True
        self.next_at = self._bucket.next_at()
        return False

    def _end(self, lines: Lines, item: Item) -> None:
        """Nothing of it goes out, so the next one of its key may, although it is still to be settled."""
        lines.pass_over()
        item.outcome = REPEATED
        if item.stream is not None:
            lines.leave(item)
