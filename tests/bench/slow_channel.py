"""The row of slow I/O for ours: a partner's channel that waits and counts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.runtime.spec import AppSpec
from tests.bench.card import Card
from tests.bench.slow_rule import Slow


class Sleeper:
    """Channel of `streams.runtime.spec`: each delivery waits as long as its number says."""

    def __init__(self, slow: Slow) -> None:
        self._slow = slow

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        await self._slow.one(message.key or "", int(message.fields["reason"]))
        return []

    async def close(self) -> None:
        return


def delivered(app: AppSpec, told: Card) -> AppSpec:
    """The app of the row `slow`: its input is the partner's own topic."""
    channel = Channel("slow", "", concurrency=told.extra["at_once"], timeout=timedelta(seconds=10))
    sources = tuple(replace(source, is_own=True) for source in app.stanza.sources)
    stanza = replace(app.stanza, kind="partner", sources=sources, channel=channel)
    return replace(app, stanza=stanza, connect=lambda: Sleeper(Slow(told)))
