"""How messages come in: what a receiver gives is committed to `<group>.received`, and only then acknowledged."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException

from streams.contracts.arrivals import Arrivals, Stored
from streams.contracts.registry import RegistryUnavailable
from streams.domain.received import Received, ReceiverDown
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.spec import Receiver

AT_MOST = 500  # messages a transaction
SETTLING_S = 0.008  # the last transaction is still being marked in its partitions: a next one would only be refused
_LOOK_S = 0.2
_BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_KAFKA_S = 10
_TRIES = 3
_log = logging.getLogger(__name__)


Turn = Callable[[], bool | None]  # whether it is this worker's turn; None: it is over


@dataclass(frozen=True, slots=True)
class Ways:
    """Makes what it works with: a receiver, nothing connected yet, and a producer of the group's transactional id."""

    open: Callable[[], Receiver]
    producer: Callable[[], Any]


class Receiving:
    """Runs beside the engine, in the one worker of a group whose turn it is; waits for whoever does not answer.

    All workers of a group have one transactional id here: who takes over fences who had it, so that two never write.
    """

    def __init__(self, topic: str, ways: Ways, arrivals: Arrivals, metrics: AppMetrics) -> None:
        """`topic` is where messages go, by its name on the cluster."""
        self._topic, self._ways, self._arrivals, self._metrics = topic, ways, arrivals, metrics
        self._receiver: Receiver | None = ways.open()  # here, so that what is wrong with the stanza shows at the start
        self._producer: Any = None
        self._held: Sequence[Received] = ()  # received, and not committed yet
        self.trouble = ""  # in words, while it waits

    async def run(self, turn: Turn) -> None:
        """Until `turn` says None."""
        failures = 0
        try:
            while (is_ours := turn()) is not None:
                if not is_ours:
                    await self._leave()
                    await asyncio.sleep(_LOOK_S)
                    continue
                try:
                    await self._once()
                    failures = 0
                    self._is_well()
                except (ReceiverDown, RegistryUnavailable, KafkaException) as error:
                    self._waits(error)
                    await _pause(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)], turn)
                    failures += 1
        finally:
            await self._leave()

    async def _once(self) -> None:
        if self._receiver is None:
            self._receiver = self._ways.open()
        if not self._held:
            self._held = await self._receiver.receive(AT_MOST)
        if self._held:
            await asyncio.to_thread(self._commit)
            done, self._held = self._held, ()
            self._metrics.received(len(done))
            await self._receiver.acknowledge(done)
            await asyncio.sleep(SETTLING_S)

    def _commit(self) -> None:
        """Returns when all that is held stands in Kafka for good; raises KafkaException where that is unknown."""
        written = [self._arrivals.stored(message) for message in self._held]
        if self._producer is None:
            self._producer = self._ways.producer()
            self._producer.init_transactions(_KAFKA_S)
        try:
            self._transact(written)
        except KafkaException as failure:
            self._undo(failure)
            raise

    def _transact(self, written: Sequence[Stored]) -> None:
        self._producer.begin_transaction()
        for each in written:
            while True:
                try:
                    self._producer.produce(self._topic, each.value, each.key, headers=each.headers)
                    break
                except BufferError:
                    self._producer.poll(0.05)
        _again(lambda: self._producer.commit_transaction(_KAFKA_S))

    def _undo(self, failure: KafkaException) -> None:
        """Aborts; where that is refused too, the next producer of this id makes an end of the transaction."""
        try:
            if not failure.args[0].fatal():
                self._producer.abort_transaction(_KAFKA_S)
                return
        except KafkaException as refused:
            _log.info("%s: %s", self._topic, refused)
        self._producer = None

    async def _leave(self) -> None:
        """What was received and not committed comes again, here or elsewhere."""
        receiver, self._receiver, self._producer, self._held = self._receiver, None, None, ()
        if receiver is not None:
            await receiver.close()
            self._metrics.upstream(None)

    def _is_well(self) -> None:
        self.trouble = ""
        self._metrics.upstream(is_up=True)

    def _waits(self, error: Exception) -> None:
        if not self.trouble:
            _log.warning("%s waits: %s", self._topic, error)
        self.trouble = str(error)
        self._metrics.upstream(is_up=not isinstance(error, ReceiverDown))


def _again(call: Callable[[], Any]) -> None:
    """What may be asked again is; after some tries the outcome stays unknown."""
    for _ in range(_TRIES):
        try:
            return call()  # type: ignore[no-any-return]
        except KafkaException as failure:
            error = failure.args[0]
            if not error.retriable() or error.fatal() or error.txn_requires_abort():
                raise
            unknown = failure
    raise unknown


async def _pause(seconds: float, turn: Turn) -> None:
    """So long, or until it is over."""
    while seconds > 0 and turn() is not None:
        await asyncio.sleep(min(seconds, _LOOK_S))
        seconds -= _LOOK_S
