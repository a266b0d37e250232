"""Retry records are trimmed when they have done their work: somebody has to count them while they are there."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from streams.contracts import names
from streams.runtime.following import Follower
from streams.runtime.reading import Place, Unavailable
from tests.chaos.traffic import meanwhile
from tests.flow import Flow

Seen = set[tuple[str, int, int]]


@contextmanager
def retries_counted(flow: Flow) -> Iterator[Seen]:
    """Where each record in a lane of any group stood that was seen until this is left."""
    seen: Seen = set()
    lanes = [place for stanza in flow.topology.stanzas.values() for place in _lanes(flow, stanza.group)]

    def watch(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                _watch(flow, lanes, seen, stop)
            except Unavailable:
                continue

    with meanwhile(watch):
        yield seen


def _watch(flow: Flow, lanes: list[Place], seen: Seen, stop: threading.Event) -> None:
    with closing(Follower(flow.settings, lanes)) as follower:
        while not stop.is_set():
            seen.update((stored.topic, stored.partition, stored.offset) for stored in follower.read(0.5))


def _lanes(flow: Flow, group: str) -> Iterator[Place]:
    for number in range(1, len(flow.topology.stanzas[group].ladder.delays) + 1):
        yield from flow.cluster.places(names.lane(group, number))
