"""One app a partner: translate what it hears, then deliver it. `faust -A streams.partners:partner_x worker`"""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from streams.channels import ChannelError, OpenChannel, open_channel
from streams.contracts import names, schema_files
from streams.contracts.current import stanza, topology
from streams.contracts.modules import named
from streams.contracts.settings import from_env
from streams.contracts.topology import EventSpec, Stanza
from streams.contracts.translation import Translation, translator
from streams.domain.effects import Publish
from streams.domain.events import Event
from streams.runtime.app import App, build
from streams.runtime.parts import Stop


class Own(NamedTuple):
    """The partner's own topic of an event: `said` makes of the event what leaves, or None where it stays."""

    topic: str
    key: str
    said: Callable[[Event], Event | None]


def translate(event: Event, *, topics: Mapping[str, Own]) -> Iterable[Publish]:
    """The event in the partner's own topic, if it is one for the partner, in the words of its stanza."""
    own = topics[type(event).__name__]
    said = own.said(event)
    if said is not None:
        yield Publish(said, to=own.topic, key=str(getattr(event, own.key)))


@cache
def app_of(partner: str) -> App:
    found = stanza(partner)
    topics = own_topics(found)

    def forward(event: Event) -> Iterable[Publish]:
        """The event in the partner's own topic, in the partner's own words."""
        return translate(event, topics=topics)

    return build(found, forward, connect=lambda: _connect(found))


def own_topics(found: Stanza) -> dict[str, Own]:
    """By the record that each event carries."""
    own = {source.topic: source.event for source in found.sources if source.is_own}
    heard = [source.event for source in found.sources if not source.is_own]
    pairs = [(event, names.partner_topic(found.group, event.topic)) for event in heard]
    assert own.keys() >= {topic for _, topic in pairs}, "every event that a partner hears has its own topic"
    return {event.record: Own(topic, event.key, _said(event, own[topic].translation)) for event, topic in pairs}


def _said(event: EventSpec, translation: Translation | None) -> Callable[[Event], Event | None]:
    if translation is None:
        return lambda event: event
    return translator(schema_files.load(from_env().schemas)[event.record], translation)


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
