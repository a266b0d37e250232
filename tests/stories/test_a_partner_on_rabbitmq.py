"""A partner on a real RabbitMQ that dies: everything waits for it, and comes in order when it is back."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from streams.channels import OpenChannel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.events import LeadAccepted
from streams.testing import Flow
from tests.channels.deliveries import RECORD
from tests.channels.far_brokers import RabbitEnd
from tests.rabbitmq_server import RabbitServer

LEADS = [f"lead-{number}" for number in range(5)]
WAVES = range(1, 5)


class OnTheFlowsLoop:
    """The channel, and the loop on which it has connected: there it has to be closed."""

    def __init__(self, channel: OpenChannel) -> None:
        self._channel, self._loop = channel, asyncio.new_event_loop()
        self._loop.close()

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        self._loop = asyncio.get_running_loop()
        return await self._channel.deliver(message)

    async def close(self) -> None:
        await self._channel.close()

    def leave(self) -> None:
        self._loop.run_until_complete(self.close())


@contextmanager
def running(end: RabbitEnd) -> Iterator[Flow]:
    channel = OnTheFlowsLoop(end.channel())
    with Flow("partner_x", channels={"partner_x": channel}) as flow:
        yield flow
        channel.leave()


def accepted(wave: int) -> list[LeadAccepted]:
    """One acceptance of each lead; waves tell them apart."""
    return [replace(RECORD, lead_id=lead, wave=wave) for lead in LEADS]


def test_a_partner_that_died_gets_everything_in_order_when_it_is_back(rabbitmq: RabbitServer) -> None:
    end = RabbitEnd(rabbitmq)
    asyncio.run(end.prepare())
    with running(end) as flow:
        flow.send(*accepted(1))
        flow.settle()
        asyncio.run(end.go_away())
        for wave in WAVES[1:]:
            flow.send(*accepted(wave))
            flow.advance(timedelta(minutes=1))
        assert flow.dead_letters("partner_x") == []
        rabbitmq.start()
        flow.advance(timedelta(minutes=1))
        messages = asyncio.run(end.messages())
    heard = [json.loads(message.body)["data"] for message in messages]
    for lead in LEADS:
        assert [each["wave"] for each in heard if each["lead_id"] == lead] == list(WAVES)
    assert len({message.message_id for message in messages}) == len(messages) == len(LEADS) * len(WAVES)
