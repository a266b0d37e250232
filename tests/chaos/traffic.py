"""The world around the system: orders and providers that come again with the same ids when Kafka did not answer."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from random import Random

from streams.domain.events import Event, OrderPlaced
from streams.ops import orders
from streams.ops.rows import Row
from streams.ops.sender import open_sender
from streams.ops.simulate_providers import Habits, simulate
from streams.runtime.outgoing import SendFailed
from streams.runtime.reading import Unavailable
from tests.flow import Flow

_SUPPLY = 1_500  # orders; more than a round needs
_ORDERS_A_SECOND = 5.0
_REPEATED = 0.05
_UNSURE = 200  # so many of the last records may not have been taken when sending fails

Act = Callable[[threading.Event], object]


class Orders:
    """Sends orders until it is told to stop; now and then one a second time."""

    def __init__(self, flow: Flow, seed: int) -> None:
        self._flow, self._chance = flow, Random(seed)
        self._rows: Iterator[Row] = orders.generate(seed, _SUPPLY)
        self._last: deque[Event] = deque(maxlen=_UNSURE)
        self.count = 0

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._send(stop)
                return
            except SendFailed:
                continue

    def _send(self, stop: threading.Event) -> None:
        with open_sender(self._flow.settings, self._flow.topology, "feed") as sender:
            for record in self._last:
                sender.send(record)
            for row in self._rows:
                self._last.append(row.record)
                sender.send(row.record)
                if isinstance(row.record, OrderPlaced):
                    self.count += 1
                    if stop.wait(1 / _ORDERS_A_SECOND):
                        return
                    if self._chance.random() < _REPEATED:
                        sender.send(self._chance.choice(list(islice(self._last, 20))))


@contextmanager
def orders_flow(flow: Flow, seed: int) -> Iterator[Orders]:
    """Until it is left."""
    supply = Orders(flow, seed)
    with meanwhile(supply.run):
        yield supply


@contextmanager
def providers_answer(flow: Flow, seed: int) -> Iterator[None]:
    """Some at once, some late, some never, some twice."""
    habits = Habits(accept=0.35, decline=0.3, delay_s=(0.02, 3.5), duplicate=0.2, seed=seed)

    def answer(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                simulate(flow.settings, flow.topology, habits, lambda _: None, stop)
            except (SendFailed, Unavailable):
                continue

    with meanwhile(answer):
        yield


@contextmanager
def meanwhile(act: Act) -> Iterator[None]:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act, stop)
        try:
            yield
        finally:
            stop.set()
        acting.result(60)
