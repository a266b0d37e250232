"""Lays events ready in a row's input topics, before anybody races."""

from collections.abc import Iterable
from typing import Any

from streams.contracts.names import changelog
from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.codecs import codec_of
from streams.runtime.spec import AppSpec
from tests.bench.inputs import Laid


def lay_ready(settings: Settings, app: AppSpec, events: Iterable[Laid]) -> int:
    """The number of events that the cluster has taken."""
    written = codec_of(settings, app.topology, {changelog(app.group): app.state} if app.state else {})
    logical = {source.topic.partition(".")[2]: source.topic for source in app.stanza.sources}
    producer: Any = clients.producer(settings, linger_ms=20, queue_buffering_max_messages=200_000)
    count = 0
    for topic, key, record in events:
        value, place = written.encode(logical[topic], record), settings.prefix + logical[topic]
        while True:
            try:
                producer.produce(place, value, key)
                break
            except BufferError:
                producer.poll(0.1)
        count += 1
    if producer.flush(60):
        raise RuntimeError("the cluster did not take every event")
    return count
