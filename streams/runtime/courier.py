"""Carries deliveries out on the event loop, while the engine's thread goes on turning."""

import asyncio
from collections import deque
from datetime import timedelta
from functools import partial

from streams.domain.effects import Effect
from streams.domain.failure import Unreachable
from streams.runtime.lines import Item
from streams.runtime.spec import Channel

_GRACE_S = 5.0  # a channel keeps its own timeout; this one catches a channel that does not


class LoopCourier:
    """A `Courier` whose deliveries run on `loop`; what has landed is handed over through a thread-safe queue."""

    def __init__(self, loop: asyncio.AbstractEventLoop, channel: Channel, timeout: timedelta) -> None:
        self._loop, self._channel = loop, channel
        self._patience = timeout.total_seconds() + _GRACE_S
        self._landed: deque[tuple[Item, list[Effect] | Exception]] = deque()
        self._tasks: dict[Item, asyncio.Task[None]] = {}

    def send(self, items: list[Item]) -> None:
        if items:
            self._loop.call_soon_threadsafe(self._start, items)

    def landed(self) -> list[tuple[Item, list[Effect] | Exception]]:
        return [self._landed.popleft() for _ in range(len(self._landed))]

    def recall(self, items: list[Item]) -> None:
        if items and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel, items)

    def _start(self, items: list[Item]) -> None:
        for item in items:
            task = self._tasks[item] = self._loop.create_task(self._carry(item))
            # not at the end of _carry: one that is called back before it began never gets there
            task.add_done_callback(partial(self._forget, item))

    def _forget(self, item: Item, task: asyncio.Task[None]) -> None:
        if self._tasks.get(item) is not task:
            return  # called back
        del self._tasks[item]
        if task.cancelled():  # by the channel's own library, whose connection broke
            self._landed.append((item, Unreachable(reason="the channel gave the delivery up")))

    def _cancel(self, items: list[Item]) -> None:
        for item in items:
            if (task := self._tasks.pop(item, None)) is not None:
                task.cancel()

    async def _carry(self, item: Item) -> None:
        assert item.delivery is not None
        try:
            effects = await asyncio.wait_for(self._channel.deliver(item.delivery), self._patience)
            self._landed.append((item, list(effects)))
        except TimeoutError:
            self._landed.append((item, Unreachable(reason="the channel did not come back in time")))
        except Exception as error:
            self._landed.append((item, error))
