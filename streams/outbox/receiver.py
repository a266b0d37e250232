"""An outbox as a receiver: its rows as messages."""

from collections.abc import Sequence

from streams.domain.received import Received, ReceiverDown
from streams.outbox.relayed import Relayed
from streams.outbox.row import OutboxDown


class OutboxReceiver:
    """As streams/receivers wants it; a row's headers are the message's attributes."""

    def __init__(self, relayed: Relayed) -> None:
        self._relayed = relayed

    async def receive(self, at_most: int) -> Sequence[Received]:
        try:
            rows = await self._relayed.receive(at_most)
        except OutboxDown as error:
            raise ReceiverDown(str(error)) from error
        return [
            Received(row.id, row.type, row.key, row.payload.encode(), "application/json", row, row.headers)
            for row in rows
        ]

    async def acknowledge(self, received: Sequence[Received]) -> None:
        try:
            await self._relayed.acknowledge([each.receipt for each in received])
        except OutboxDown as error:
            raise ReceiverDown(str(error)) from error

    async def close(self) -> None:
        await self._relayed.close()
