"""Every courier keeps the same promises: the one on the event loop, and the one whose hand is the test's."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

import pytest

from streams.domain.delivery import Delivery
from streams.domain.effects import CancelTimer, Effect
from streams.domain.events import OrderCancelled
from streams.domain.failure import Unreachable
from streams.runtime.courier import LoopCourier
from streams.runtime.lines import Courier, Item
from streams.runtime.record import Record
from streams.runtime.settle import Tried
from streams.runtime.task import Task
from tests.runtime.hand_courier import HandCourier, Result

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


class Road(Protocol):
    """A courier and the far end of its deliveries."""

    courier: Courier

    async def arrive(self, item: Item, result: Result) -> None:
        """The delivery comes to this end."""

    async def rest(self) -> None:
        """Until the courier has done all that it was asked for so far."""


class ByHand:
    def __init__(self) -> None:
        self.courier = HandCourier()

    async def arrive(self, item: Item, result: Result) -> None:
        if item in self.courier.flying:
            self.courier.land(item, result)

    async def rest(self) -> None:
        pass


class OnTheLoop:
    """Its channel waits for the test's word on each delivery."""

    def __init__(self) -> None:
        self.words: dict[str, asyncio.Future[Result]] = {}
        self.courier = LoopCourier(asyncio.get_running_loop(), self, timedelta(seconds=60))

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        result = await self.words.setdefault(message.id, asyncio.get_running_loop().create_future())
        if isinstance(result, Exception):
            raise result
        return result

    async def close(self) -> None:
        pass

    async def arrive(self, item: Item, result: Result) -> None:
        await self.rest()
        assert item.delivery is not None
        word = self.words[item.delivery.id]
        if not word.done():
            word.set_result(result)
        await self.rest()

    async def rest(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture(params=[ByHand, OnTheLoop])
async def road(request: pytest.FixtureRequest) -> Any:
    return request.param()


def item(number: str) -> Item:
    record = OrderCancelled(order_id=number, reason="late")
    delivery = Delivery(number, "order.cancelled.v1", NOW, number, record, {}, b"", [])
    key = number.encode()
    tried = Tried(Record(("acme.order.cancelled.v1", 0, 0), 0, key, b"", []), key)
    return Item(cast("Task", None), tried, delivery=delivery, is_flying=True)


async def test_a_delivery_lands_once_with_what_the_channel_asked_for(road: Road) -> None:
    one, asked = item("one"), [CancelTimer("window")]
    road.courier.send([one])
    await road.arrive(one, [*asked])
    assert road.courier.landed() == [(one, asked)]
    assert road.courier.landed() == []


async def test_a_delivery_lands_with_the_channels_exception(road: Road) -> None:
    one, failure = item("one"), Unreachable(reason="connection refused")
    road.courier.send([one])
    await road.arrive(one, failure)
    assert road.courier.landed() == [(one, failure)]


async def test_deliveries_are_on_their_way_together_and_land_in_the_order_in_which_they_end(road: Road) -> None:
    one, two, three = item("one"), item("two"), item("three")
    road.courier.send([one, two])
    road.courier.send([three])
    await road.rest()
    assert road.courier.landed() == []
    await road.arrive(three, [])
    await road.arrive(one, [])
    assert [landed for landed, _ in road.courier.landed()] == [three, one]


async def test_what_is_called_back_never_lands_and_the_others_do(road: Road) -> None:
    one, two = item("one"), item("two")
    road.courier.send([one, two])
    await road.rest()
    road.courier.recall([one])
    await road.rest()
    await road.arrive(one, [])
    await road.arrive(two, [])
    assert [landed for landed, _ in road.courier.landed()] == [two]


async def test_what_is_called_back_before_it_left_is_forgotten(road: Road) -> None:
    one = item("one")
    road.courier.send([one])
    road.courier.recall([one])
    await road.rest()
    assert road.courier.landed() == []


async def test_the_courier_on_the_loop_keeps_nothing_of_what_is_over() -> None:
    road, one, two = OnTheLoop(), item("one"), item("two")
    road.courier.send([one, two])
    road.courier.recall([one])
    await road.arrive(two, [])
    assert road.courier._tasks == {}


async def test_a_channel_that_does_not_come_back_is_a_partner_that_does_not_answer() -> None:
    road = OnTheLoop()
    road.courier._patience = 0.01
    one = item("one")
    road.courier.send([one])
    async with asyncio.timeout(10):
        while not (landed := road.courier.landed()):
            await asyncio.sleep(0.01)
    assert isinstance(landed[0][1], Unreachable)


async def test_a_delivery_that_its_channel_cancels_itself_lands_as_a_partner_that_does_not_answer() -> None:
    road, one = OnTheLoop(), item("one")
    road.courier.send([one])
    await road.rest()
    road.words["one"].cancel()
    await road.rest()
    ((landed, result),) = road.courier.landed()
    assert landed is one
    assert isinstance(result, Unreachable)
