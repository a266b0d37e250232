"""The real engines on a Kafka in memory, made anew now and then: outsiders write to it, and what came out is new."""

import atexit
from functools import cache

from streams.contracts import names
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.events import Event
from streams.testing import Flow
from streams.testing.log import Headers, Stored
from streams.testing.process import Process

RENEWED_AFTER = 200  # inputs: what a campaign piles up in memory ends there


class Taker:
    """A partner that takes everything."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []

    async def deliver(self, message: Delivery) -> list[Effect]:
        self.taken.append(message)
        return []

    async def close(self) -> None:
        """There is nothing to let go of."""


class System:
    """`apps` of the shipped map; a healthy record after every hostile one shows whether they live."""

    def __init__(self, *apps: str) -> None:
        self._apps, self.taker, self.inputs = apps, Taker(), 0
        self._open()
        atexit.register(lambda: self.flow.__exit__())

    def renew(self) -> str:
        """A name for this input's healthy neighbour, and a fresh system every so often."""
        self.inputs += 1
        if self.inputs % RENEWED_AFTER == 0:
            self.flow.__exit__()
            self._open()
        return f"healthy-{self.inputs}"

    def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None, partition: int = 0
    ) -> None:
        """As somebody does who knows no contract; partition -1 is the key's own."""
        self._outside.produce(topic, value, key, partition, headers=headers)

    def settle(self, *healthy: Event) -> None:
        self.flow.send(*healthy)
        self.flow.settle()

    def news(self, topic: str) -> list[Stored]:
        """What was committed to the topic since this was asked last."""
        found: list[Stored] = []
        for partition, log in enumerate(self.flow.cluster.topics.by_name[topic].logs):
            begin = self._seen.get((topic, partition), log.start)
            found += log.read(begin, log.stable_end)
            self._seen[topic, partition] = log.stable_end
        return found

    def taken(self) -> list[Delivery]:
        """What the partner has taken since this was asked last."""
        found, self.taker.taken = self.taker.taken, []
        return found

    def letters(self, app: str) -> list[Stored]:
        return self.news(names.dead(app))

    def _open(self) -> None:
        channels = {app: self.taker for app in self._apps}
        self.flow = Flow(*self._apps, channels=channels)
        self._outside = self.flow.cluster.producer(Process("hostile"))
        self._seen: dict[tuple[str, int], int] = {}


@cache
def system(*apps: str) -> System:
    return System(*apps)
