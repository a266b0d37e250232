"""What of a task's lines goes out now: nothing twice, and no more at a time than its channel may have."""

from streams.contracts.topology import Channel
from streams.runtime.attempt import Failed, Handlers
from streams.runtime.lines import REPEATED, Courier, Item, Lines
from streams.runtime.outage import Outage
from streams.runtime.task import Task
from streams.runtime.transaction import Batch


class Sending:
    """Fills the window; `flying` is how many deliveries of all tasks are on their way."""

    def __init__(self, channel: Channel, handlers: Handlers, courier: Courier, outage: Outage) -> None:
        self._concurrency, self._handlers, self._courier, self._outage = channel.concurrency, handlers, courier, outage
        self.flying = 0
        self.is_closing = False

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
            elif task.done is not None and task.done.knows(item.tried.record):
                self._end(lines, item)
            elif not self._outage.breaker.lets_through(batch.now):
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
            self.flying += 1
            going.append(item)

    def _end(self, lines: Lines, item: Item) -> None:
        """Nothing of it goes out, so the next one of its key may, although it is still to be settled."""
        lines.pass_over()
        item.outcome = REPEATED
        if item.stream is not None:
            lines.leave(item)
