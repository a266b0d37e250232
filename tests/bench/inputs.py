"""The events that are laid ready: orders cycled with fresh ids, and the lead saga's topics, interleaved."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from streams.domain.events import Event, LeadOffered, OrderCancelled, OrderPlaced, ProviderAcceptedLead
from streams.ops import olist, orders
from streams.ops.rows import Row as Read

Laid = tuple[str, str, Event]  # topic of the row, key, record
_OPEN = 200
_SECOND_SHARE = 0.2
_ORDERS = 4_068
_KEYS = 1_000
_SOON = datetime(2026, 11, 22, 14, tzinfo=UTC)


class Inputs:
    """`directory` has the CSV files of Olist; without it the orders are made up."""

    def __init__(self, directory: Path | None) -> None:
        found = olist.read(directory) if directory else orders.generate(1, _ORDERS)
        rows = [each.record for each in found if isinstance(each, Read)]
        self._orders = [each for each in rows if isinstance(each, OrderPlaced)][:_ORDERS]
        self._chance = Random(2)

    def of(self, row: str, count: int) -> Iterator[Laid]:
        """`count` events of this row."""
        made = {
            "w2": self._placed, "ping": self._placed, "w3": self._leads, "avro": self._offered, "no-op": self._small,
            "new-key": self._small, "keys": self._small,
        }  # fmt: skip
        return made.get(row, self._repeated)(count)

    def _placed(self, count: int) -> Iterator[Laid]:
        for number in range(count):
            order = replace(self._orders[number % len(self._orders)], order_id=self._id())
            yield "orders", order.order_id, order

    def _small(self, count: int) -> Iterator[Laid]:
        for _ in range(count):
            key = self._id()
            yield "small", key, OrderCancelled(order_id=key, reason="changed_mind")

    def _repeated(self, count: int) -> Iterator[Laid]:
        for number in range(count):
            key = f"key-{number % _KEYS}"
            yield "small", key, OrderCancelled(order_id=key, reason=f"{number}")

    def _offered(self, count: int) -> Iterator[Laid]:
        for _ in range(count):
            key = f"lead-{self._id()}"
            yield "offers", key, self._offer(key)

    def _leads(self, count: int) -> Iterator[Laid]:
        fresh = self._placed(count)
        going = [self._lead(*next(fresh)) for _ in range(_OPEN)]
        for _ in range(count):
            at = self._chance.randrange(_OPEN)
            event = next(going[at], None)
            if event is None:
                going[at] = self._lead(*next(fresh))
                event = next(going[at])
            yield event

    def _lead(self, topic: str, key: str, order: Event) -> Iterator[Laid]:
        """4.2 events: the order, one to three offers, an acceptance, and a second one of every fifth lead."""
        yield topic, key, order
        offers = [self._offer(key) for _ in range(self._chance.choice((1, 2, 3)))]
        for offer in offers:
            yield "offers", key, offer
        for _ in range(2 if self._chance.random() < _SECOND_SHARE else 1):
            provider_id = self._chance.choice(offers).provider_id
            yield "answers", key, ProviderAcceptedLead(lead_id=key, provider_id=provider_id)

    def _offer(self, key: str) -> LeadOffered:
        return LeadOffered(lead_id=key, order_id=key, provider_id=self._id(), wave=1, expires_at=_SOON)

    def _id(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"
