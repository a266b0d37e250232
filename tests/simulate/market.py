"""The world outside: orders, providers who answer or do not, things said twice, and other people's bytes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from streams.contracts.codec import Codec
from streams.contracts.envelope import Cause, outgoing
from streams.contracts.names import lead_id
from streams.contracts.topology import Topology
from streams.domain.events import (
    Customer,
    Event,
    Item,
    OrderCancelled,
    OrderPlaced,
    ProviderAcceptedLead,
    ProviderDeclinedLead,
    ProviderProfile,
)
from streams.testing.cluster import Cluster
from streams.testing.process import Process
from tests.simulate.plan import Plan

CITIES = {"campinas": "SP", "santos": "SP", "recife": "PE"}
_PLACED_AT = datetime(2017, 10, 2, tzinfo=UTC)
_LOOKS_S = 0.2


class Market:
    """Acts at instants of the clock that are chosen beforehand; an offer is answered when it is seen."""

    def __init__(self, cluster: Cluster, topology: Topology, codec: Codec, dice: Random, plan: Plan) -> None:
        self._cluster, self._clock, self._dice, self._plan = cluster, cluster.clock, dice, plan
        self._topology, self._codec = topology, codec
        self._producer = cluster.producer(Process("outside"), None)
        self._sent = 0
        self._read = [0] * plan.partitions
        self.is_open = True
        self.changed: Callable[[], None] = lambda: None

    def begin(self) -> None:
        dice, plan = self._dice, self._plan
        for number in range(7):
            self.send(self._shop(number))
        for number in range(plan.orders):
            self._later(dice.uniform(0, plan.chaos_s), self._order, number)
        for _ in range(plan.garbage):
            self._later(dice.uniform(0, plan.chaos_s), self._garbage)
        for _ in range(3):
            self._later(dice.uniform(0, plan.chaos_s), lambda: self.send(self._shop(dice.randrange(7))))
        self._later(_LOOKS_S, self._look)

    def send(self, record: Event, partition: int = -1) -> None:
        """As the world outside does; one of ten is sent twice."""
        spec = next(
            s for s in self._topology.topics_of(type(record).__name__) if not (s.is_internal or s.is_partner_own)
        )
        key, value = str(getattr(record, spec.key)), self._codec.encode(spec.topic, record)
        self._sent += 1
        cause = Cause(f"outside-{self._sent}", f"outside-{self._sent}", None, self._clock.now())
        headers = outgoing(cause, "outside", 0, spec.topic)
        for _ in range(2 if self._dice.random() < 0.1 and not spec.is_compacted else 1):
            self._producer.produce(spec.topic, value, key, partition, headers=headers)
        self._producer.flush()
        self.changed()

    def _order(self, number: int) -> None:
        dice, id = self._dice, f"order-{number}"
        city = dice.choice(list(CITIES))
        item = Item(product_id="p", category="toys", price_cents=100, freight_cents=20)
        customer = Customer(customer_id="c", city=city, state=CITIES[city], zip_prefix="1")
        is_stray = self._plan.garbage and dice.random() < 0.1
        placed = OrderPlaced(
            order_id=id, customer=customer, items=[item], total_cents=120, priority="standard", placed_at=_PLACED_AT
        )
        self.send(placed, dice.randrange(self._plan.partitions) if is_stray else -1)
        if dice.random() < 0.3:
            for _ in range(4):
                self._later(dice.uniform(0, 2), self.send, placed)
        if dice.random() < 0.15:
            self._later(dice.uniform(0, 8), self.send, OrderCancelled(order_id=id, reason="changed my mind"))
        if dice.random() < 0.15:
            stranger = ProviderAcceptedLead(lead_id=lead_id(id), provider_id=f"shop-{dice.randrange(9)}")
            self._later(dice.uniform(0, 6), self.send, stranger)

    def _look(self) -> None:
        """New offers are seen, answered in time, at the last moment, too late, or not at all."""
        for partition, since in enumerate(self._read):
            log = self._cluster.topics.log(("lead.offered.v1", partition))
            for stored in log.read(since, log.stable_end):
                if stored.producer is not None:  # somebody else's bytes are in no transaction
                    self._answer(self._codec.decode("lead.offered.v1", stored.value or b"", _PLACED_AT))
            self._read[partition] = log.stable_end
        if self.is_open:
            self._later(_LOOKS_S, self._look)

    def _answer(self, offer: Any) -> None:
        dice = self._dice
        what = dice.random()
        left_s = (offer.expires_at - self._clock.now()).total_seconds()
        accepted = ProviderAcceptedLead(lead_id=offer.lead_id, provider_id=offer.provider_id)
        if what < 0.25:
            self._later(dice.uniform(0, 4), self.send, accepted)
        elif what < 0.45:
            self._later(max(0.0, left_s + dice.uniform(-0.3, 0.1)), self.send, accepted)
        elif what < 0.6:
            declined = ProviderDeclinedLead(lead_id=offer.lead_id, provider_id=offer.provider_id, reason="busy")
            self._later(dice.uniform(0, 4), self.send, declined)
        elif what < 0.65:
            self._later(dice.uniform(0, 4), self.send, accepted)
            self._later(dice.uniform(0, 9), self.send, accepted)

    def _garbage(self) -> None:
        """Not ours: undecodable, of an unknown schema, without a value, without a key."""
        dice = self._dice
        open_ = [t for t, spec in self._topology.events.items() if not spec.is_compacted and not spec.is_partner_own]
        value = dice.choice((b"garbage", b"\0\0\0\x03\xe7garbage", b"", None))
        key = dice.choice((None, b"order-1", b"lead-order-1", b"\xff"))
        self._producer.produce(dice.choice(open_), value, key, dice.randrange(self._plan.partitions))
        self._producer.flush()
        self.changed()

    def _shop(self, number: int) -> ProviderProfile:
        city = list(CITIES)[number % 3]
        return ProviderProfile(
            provider_id=f"shop-{number}", categories=["toys"], city=city, state=CITIES[city], accepting=True
        )

    def _later(self, seconds: float, call: Callable[..., None], *args: Any) -> None:
        self._clock.at(self._clock.now() + timedelta(seconds=seconds), lambda: call(*args))
