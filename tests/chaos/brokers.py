"""The Kafka under chaos, one broker or three, and what is done to it and to the network in front of it."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol, Self

from tests.chaos.faults import BROKER, CUT, ONE_FROZEN, ONE_OF_3, ONE_WIPED, Fault
from tests.chaos.wires import Wires
from tests.kafka_cluster import SIZE, KafkaCluster, addresses
from tests.kafka_server import KafkaServer

WORKERS = 2
Wait = Callable[[float], None]


class Brokers(Protocol):
    """`bootstrap` is for those outside, who are never cut off; `reach` for a worker."""

    @property
    def bootstrap(self) -> str: ...
    def reach(self, worker: int) -> str: ...
    def suffer(self, fault: Fault, wait: Wait) -> None:
        """One fault of a broker or a wire, from its beginning to its end."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


class OneBroker:
    """While it is away there is no Kafka."""

    def __init__(self) -> None:
        self._server = KafkaServer()

    @property
    def bootstrap(self) -> str:
        return self._server.bootstrap

    def reach(self, worker: int) -> str:
        return self.bootstrap

    def suffer(self, fault: Fault, wait: Wait) -> None:
        _strike(self._server, fault.kind == BROKER, fault, wait)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)


class ThreeBrokers:
    """At most one is away at a time: the next one may only go when every replica is in sync again."""

    def __init__(self) -> None:
        self.cluster = KafkaCluster(doors=WORKERS)
        doors = (self.cluster.door(broker, worker) for worker in range(WORKERS) for broker in range(SIZE))
        self._wires, self._stack = Wires(doors), ExitStack()

    @property
    def bootstrap(self) -> str:
        return self.cluster.bootstrap

    def reach(self, worker: int) -> str:
        return addresses(self._front(broker, worker) for broker in range(SIZE))

    def suffer(self, fault: Fault, wait: Wait) -> None:
        if fault.kind in (ONE_OF_3, ONE_WIPED, ONE_FROZEN):
            self.cluster.await_whole()
            if fault.kind == ONE_WIPED:
                self.cluster.brokers[fault.broker].kill()
                self.cluster.wipe(fault.broker)
            _strike(self.cluster.brokers[fault.broker], fault.kind != ONE_FROZEN, fault, wait)
            return
        cut = [fault.broker] if fault.kind == CUT else range(SIZE)
        fronts = [self._front(broker, fault.worker) for broker in cut]
        self._wires.cut(fronts)
        wait(fault.lasts_s)
        self._wires.mend(fronts)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.cluster)
            stack.enter_context(self._wires)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _front(self, broker: int, worker: int) -> int:
        return self.cluster.door(broker, worker)[0]


def _strike(server: KafkaServer, is_killed: bool, fault: Fault, wait: Wait) -> None:
    if is_killed:
        server.kill()
        wait(fault.lasts_s)
        server.start()
    else:
        server.freeze()
        wait(fault.lasts_s)
        server.thaw()
