"""Receives what a context writes into the outbox of its MySQL or MariaDB database: by its log, or by polling."""

from collections.abc import Mapping

from streams.contracts.settings import Settings
from streams.contracts.topology import Stanza
from streams.outbox import mysql
from streams.outbox.place import place_of
from streams.outbox.receiver import OutboxReceiver


def connect(stanza: Stanza, settings: Settings, env: Mapping[str, str]) -> OutboxReceiver:
    """Nothing is connected yet; raises ChannelError where a variable is missing."""
    assert stanza.upstream is not None
    place = place_of(stanza.upstream, env)
    return OutboxReceiver(mysql.polling(place) if place.is_polled else mysql.by_log(place))
