"""Deliveries on an event loop that runs only while an engine asks what has landed."""

import asyncio
from datetime import timedelta

from streams.domain.effects import Effect
from streams.runtime.courier import LoopCourier
from streams.runtime.lines import Item
from streams.runtime.spec import Channel


class StillCourier(LoopCourier):
    """Every delivery that was sent is over when `landed` returns, however long its channel takes."""

    def __init__(self, channel: Channel, timeout: timedelta) -> None:
        self._own = asyncio.new_event_loop()
        super().__init__(self._own, channel, timeout)

    def landed(self) -> list[tuple[Item, list[Effect] | Exception]]:
        self._own.run_until_complete(asyncio.sleep(0))
        while self._tasks:
            self._own.run_until_complete(asyncio.wait(self._tasks.values()))
        return super().landed()

    def close(self) -> None:
        self._own.close()
