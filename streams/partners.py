"""One app a partner: translate what it hears, then deliver it. `faust -A streams.partners:partner_x worker`"""

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

from streams.channels import ChannelError, OpenChannel, open_channel
from streams.contracts import names
from streams.contracts.current import stanza, topology
from streams.contracts.modules import named
from streams.contracts.settings import from_env
from streams.contracts.topology import Stanza
from streams.domain.effects import Publish
from streams.domain.events import Event
from streams.runtime.app import App, build
from streams.runtime.parts import Stop


def translate(event: Event, *, topics: dict[str, str]) -> Iterable[Publish]:
    """The event in the partner's own topic; without a mapping in the event's own words."""
    yield Publish(event, to=topics[type(event).__name__])


@cache
def app_of(partner: str) -> App:
    found = stanza(partner)
    own = {source.topic for source in found.sources if source.is_own}
    heard = [source.event for source in found.sources if not source.is_own]
    topics = {event.record: names.partner_topic(partner, event.topic) for event in heard}
    assert own == set(topics.values()), "every event that a partner hears has its own topic"

    def forward(event: Event) -> Iterable[Publish]:
        """The event in the partner's own topic, in the partner's own words."""
        return translate(event, topics=topics)

    return build(found, forward, connect=lambda: _connect(found))


def _connect(found: Stanza) -> OpenChannel:
    assert found.channel is not None
    try:
        return open_channel(found.channel, from_env(), os.environ)
    except ChannelError as error:
        raise Stop(f"{found.group}: {error}") from error


def __getattr__(name: str) -> Any:
    found = named(topology(), "partner", name)
    if found is None:
        raise AttributeError(f"the map has no partner {name}")
    return app_of(found.group)
