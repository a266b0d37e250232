"""Writes records as the world outside does: by the map's topics, in the registry's Avro, with CloudEvents headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from hashlib import sha1

from streams.contracts.codec import Codec, Unencodable
from streams.contracts.envelope import Cause, outgoing
from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.contracts.topology import EventSpec, Topology
from streams.domain.events import Event
from streams.runtime.codecs import codec_of
from streams.runtime.outgoing import Outgoing
from streams.runtime.perform import size_of

_PATIENCE_MS = 30_000


class Unsendable(Exception):
    """No topic of the map, or its schema, can carry this record."""


class Sender:
    """Records of `group`; one that has no cause gets an id that its own bytes determine, so a repeat is recognised."""

    def __init__(self, group: str, codec: Codec, topology: Topology, names: Names, producer: Outgoing) -> None:
        self._group, self._codec, self._topology, self._names = group, codec, topology, names
        self._producer = producer
        self._spec_of = cache(self._spec)

    def send(self, record: Event, cause: Cause | None = None, index: int = 0) -> None:
        """Queue a record; raises Unsendable, RegistryUnavailable, or SendFailed for a record queued before."""
        spec = self._spec_of(type(record).__name__)
        try:
            value = self._codec.encode(spec.topic, record)
            key = str(getattr(record, spec.key)).encode()
        except (Unencodable, UnicodeError) as error:
            raise Unsendable(str(error)) from error
        cause = cause or _own_cause(spec.topic, value)
        headers = outgoing(cause, self._group, index, spec.topic)
        size = size_of(key, value, headers)
        if size > spec.max_bytes:
            raise Unsendable(f"it has {size} bytes, {spec.topic} takes {spec.max_bytes}")
        self._producer.post(self._names.topic(spec.topic), key, value, headers)

    def _spec(self, record: str) -> EventSpec:
        found = [each for each in self._topology.topics_of(record) if not (each.is_internal or each.is_partner_own)]
        if len(found) != 1:
            raise Unsendable(f"{len(found) or 'no'} topics of the map carry {record}; one is needed")
        return found[0]


@contextmanager
def open_sender(settings: Settings, topology: Topology, group: str) -> Iterator[Sender]:
    """A sender on this cluster; leaving it waits until everything is taken and raises SendFailed where it is not."""
    producer = Outgoing(settings, message_timeout_ms=_PATIENCE_MS, linger_ms=5)
    try:
        yield Sender(group, codec_of(settings, topology), topology, Names(settings.prefix), producer)
    finally:
        producer.close()


def _own_cause(topic: str, value: bytes) -> Cause:
    without_schema_id = value[5:]
    name = f"{topic}:{sha1(without_schema_id).hexdigest()}"
    return Cause(name, name, None, datetime.now(UTC))
