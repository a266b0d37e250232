"""From effects to what the transaction will write: topics, bytes and headers, measured before it begins."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from streams.contracts.codec import Codec
from streams.contracts.envelope import Cause, outgoing, passed_on
from streams.contracts.headers import Headers, Written
from streams.contracts.names import Names
from streams.contracts.topology import EventSpec, Topology
from streams.domain.effects import CancelTimer, Effect, Publish, SetTimer
from streams.domain.events import Event
from streams.domain.failure import Poison

_RECORD_OVERHEAD = 128  # of a batch with one record, its lengths and its timestamp


class Output(NamedTuple):
    """One record to produce; `partition` -1 leaves it to the key's murmur2."""

    topic: str
    value: bytes | None
    key: bytes | None
    headers: Headers
    partition: int = -1
    record: Event | None = None
    caused: datetime | None = None


class Performed(NamedTuple):
    """What one handler call asked for, encoded and measured."""

    outputs: list[Output]
    timers: list[SetTimer | CancelTimer]


class Performer:
    """Knows which topic carries which record, and how to write it."""

    def __init__(self, topology: Topology, group: str, codec: Codec, names: Names) -> None:
        self._events, self._group, self._codec, self._names = topology.events, group, codec, names
        own = {source.topic for stanza in topology.stanzas.values() for source in stanza.sources if source.is_own}
        public = [spec for spec in topology.events.values() if spec.topic not in own]
        self._topic_of = {
            spec.record: spec for spec in public if sum(other.record == spec.record for other in public) == 1
        }

    def perform(self, effects: Iterable[Effect], cause: Cause) -> Performed:
        """Raises Poison where an effect cannot be written, whatever the handler meant by it."""
        outputs: list[Output] = []
        timers: list[SetTimer | CancelTimer] = []
        for index, effect in enumerate(effects):
            if isinstance(effect, Publish):
                outputs.append(self._output(effect, cause, index))
            elif isinstance(effect, SetTimer | CancelTimer):
                _refuse_nonsense(effect)
                timers.append(effect)
            else:
                raise Poison(f"the handler returned {type(effect).__name__}, which is not an effect")
        return Performed(outputs, timers)

    def _output(self, effect: Publish, cause: Cause, index: int) -> Output:
        spec = self._spec(effect)
        value = self._codec.encode(spec.topic, effect.record)
        key = (effect.key if effect.key is not None else str(getattr(effect.record, spec.key))).encode()
        headers = outgoing(cause, self._group, index, spec.topic)
        if effect.id is not None:
            headers = passed_on(headers, effect.id, effect.causation)
        # a character of the ids is four bytes at most, the rest of the headers less than 2 KiB
        if len(key) + len(value) + 4 * (len(cause.id) + len(cause.correlation)) + 2048 > spec.max_bytes:
            _refuse_too_large(spec, key, value, headers)
        return Output(self._names.topic(spec.topic), value, key, headers, -1, effect.record, cause.time)

    def _spec(self, effect: Publish) -> EventSpec:
        record = type(effect.record).__name__
        spec = self._events.get(effect.to) if effect.to is not None else self._topic_of.get(record)
        if spec is None:
            wanted = effect.to or f"the one topic that carries {record}"
            raise Poison(f"unknown_topic: the map has no {wanted}")
        return spec


def _refuse_nonsense(effect: SetTimer | CancelTimer) -> None:
    """What would only fail when the timer is written."""
    is_good = isinstance(effect.name, str) and effect.name.isprintable()
    if isinstance(effect, SetTimer):
        is_good &= isinstance(effect.due, datetime) and effect.due.tzinfo is not None and isinstance(effect.wave, int)
    if not is_good:
        raise Poison(f"no_timer: {effect!r}; it needs a name, a due time with its zone, and a number as its wave")


def size_of(key: bytes, value: bytes, headers: Written) -> int:
    """At most so many bytes has a batch with this one record, which is what a topic's limit counts."""
    return _RECORD_OVERHEAD + len(key) + len(value) + sum(len(name) + len(text) + 8 for name, text in headers)


def _refuse_too_large(spec: EventSpec, key: bytes, value: bytes, headers: Written) -> None:
    size = size_of(key, value, headers)
    if size > spec.max_bytes:
        raise Poison(f"output_too_large: {size} bytes for {spec.topic}, which takes {spec.max_bytes}")
