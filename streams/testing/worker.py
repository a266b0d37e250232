"""One worker of one app: the real engine over clients of the cluster in memory."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from streams.contracts import names as derived
from streams.contracts import schema_files
from streams.contracts.codec import Codec
from streams.contracts.names import Names
from streams.contracts.registry import Registry
from streams.contracts.settings import from_env
from streams.contracts.topology import Topology
from streams.domain import commands, events
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.engine import Engine
from streams.runtime.parts import Parts
from streams.runtime.spec import AppSpec
from streams.testing.cluster import Cluster
from streams.testing.process import Process
from streams.testing.seats import Seat
from streams.testing.watch import VirtualWatch

IDLE_S = 3600.0  # nothing that can be known in advance waits for the end of it


class Worker:
    """`turn` is one turn of the engine; whoever drives it gives it the next one at `wakes_at`."""

    def __init__(self, cluster: Cluster, spec: AppSpec, registry: Registry, seat: Seat) -> None:
        self.spec, self.process = spec, Process(f"{spec.group}-{seat.slot}")
        self._clock = cluster.clock
        member = f"{spec.group}-{seat.slot}"
        self.consumer = cluster.consumer(self.process, spec.group, instance=member)
        self.watch = VirtualWatch(cluster.clock, seat.directory, self.process)
        self._parts = Parts(
            consumer=self.consumer,
            producer=cluster.producer(self.process, member),
            admin=cluster.admin(self.process),
            reader=lambda: cluster.reader(self.process),
            store=seat.store,
            clock=cluster.clock,
            codec=codec_of(registry, spec.topology, [spec]),
            names=Names(),
            metrics=AppMetrics.of(spec.stanza),
            directory=seat.directory,
            courier=seat.courier,
            idle_s=IDLE_S,
        )
        self.engine = Engine(spec, self._parts, self.watch)
        self._patient_until = cluster.clock.now()

    @property
    def wakes_at(self) -> datetime:
        """When its next turn is over waiting: at once where there is something to read."""
        return self._clock.now() if self.consumer.has_news else self._patient_until

    def start(self) -> None:
        self.engine.start()

    def turn(self) -> None:
        """The poll in it waits for nothing: that was done before, as long as `wakes_at` says."""
        self.engine.turn()
        self._patient_until = self._clock.now() + timedelta(seconds=self.engine.patience_s)

    def stop(self) -> None:
        """In good order: it leaves, and what it has committed stays."""
        self.engine.stop()


def codec_of(registry: Registry, topology: Topology, specs: Iterable[AppSpec]) -> Codec:
    """Reads and writes every topic of the map, and the states of these apps."""
    records = schema_files.load(from_env().schemas)
    local = schema_files.of_topics(records, topology)
    types = vars(events) | vars(commands)
    for spec in specs:
        if spec.state is not None:
            local[derived.changelog(spec.group)] = records[spec.state.__name__]
            types[spec.state.__name__] = spec.state
    registry.register({f"{topic}-value": schema for topic, schema in local.items()})
    return Codec(registry, Names(), local, types)
