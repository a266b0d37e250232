"""What comes in from a context's own broker: received, then published. `faust -A streams.inbound:customer_in worker`"""

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

from streams.channels import ChannelError
from streams.contracts.current import topology
from streams.contracts.modules import named
from streams.contracts.settings import from_env
from streams.contracts.topology import Stanza
from streams.domain.effects import Publish
from streams.domain.received import Arrival
from streams.receivers import Receiver, open_receiver
from streams.runtime.app import App, build
from streams.runtime.parts import Stop


def admit(arrival: Arrival) -> Iterable[Publish]:
    """What was received as the event or command that it is, under the id that it came with."""
    yield Publish(arrival.record, to=arrival.topic, id=arrival.id, causation=arrival.causation)


@cache
def app_of(group: str) -> App:
    found = topology().stanzas[group]
    return build(found, admit, receive=lambda: _open(found))


def _open(found: Stanza) -> Receiver:
    try:
        return open_receiver(found, from_env(), os.environ)
    except ChannelError as error:
        raise Stop(f"{found.group}: {error}") from error


def __getattr__(name: str) -> Any:
    found = named(topology(), "inbound", name)
    if found is None:
        raise AttributeError(f"nothing of the map comes in as {name}")
    return app_of(found.group)
