"""One try of one record: decode, handle, and encode what was asked for; or say at which stage it failed."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from streams.contracts.arrivals import Arrivals
from streams.contracts.codec import Codec, Undecodable
from streams.contracts.envelope import Cause, timer_cause
from streams.contracts.json_values import as_json
from streams.contracts.partitioner import partition_of
from streams.contracts.registry import RegistryUnavailable, UnknownSchema
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.events import Event, TimerDue
from streams.domain.failure import Poison
from streams.runtime.faults import HandlerExited, HandlerTimeout, Stray, Unsayable
from streams.runtime.perform import Performed, Performer
from streams.runtime.record import Message, cause, history, time_of
from streams.runtime.spec import AppSpec
from streams.runtime.tables import Tables
from streams.runtime.timers import Timer

MAX_KEY_BYTES = 16_384  # what a held key writes to the changelog has it more than once
_log = logging.getLogger(__name__)
NOTHING = Performed([], [])

Watching = Callable[[Message | str | None], None]


class Failed(NamedTuple):
    """The try failed at `stage`; `event` is there where decoding succeeded. What cannot be read holds no key."""

    error: Exception
    stage: str
    event: Event | None = None
    may_hold: bool = True


class Handlers:
    """The app's handlers over bytes. `watch` is told what is being tried, so that a hang can be blamed on it."""

    def __init__(self, spec: AppSpec, codec: Codec, performer: Performer, watch: Watching) -> None:
        self.spec, self.codec, self.performer, self.watch = spec, codec, performer, watch
        self.broadcast: Mapping[str, Mapping[str, Event]] = {}
        self.is_careful = False  # in the turn after one whose states could not be written
        self.hung: set[str] = set()
        self.blamed: set[str] = set()
        self._arrivals = Arrivals(spec.stanza.admits, codec) if spec.stanza.kind == "inbound" else None
        self._key_fields = {source.topic: source.event.key for source in spec.stanza.sources}

    def is_blamed(self, id: str) -> bool:
        """The handler hung on this record or timer before; it is settled as failed, untried."""
        if id in self.hung:
            self.blamed.add(id)
        return id in self.hung

    def forget_blamed(self) -> None:
        self.hung -= self.blamed
        self.blamed = set()

    def decode(self, topic: str, record: Message) -> Event | Failed:
        """The event of these bytes. A registry that does not answer is nobody's failure: RegistryUnavailable passes."""
        key, value = record.key(), record.value()
        if value is None:
            return Failed(Undecodable("the record has no value"), "decode", may_hold=False)
        if key is not None and len(key) > MAX_KEY_BYTES:
            return Failed(Undecodable(f"key_too_large: {len(key)} bytes"), "decode", may_hold=False)
        try:
            if self._arrivals is not None:
                return self._arrivals.read(record.headers() or (), value)
            return self.codec.decode(topic, value, time_of(record))
        except RegistryUnavailable:
            raise
        except (Undecodable, UnknownSchema) as error:
            return Failed(error, "decode", may_hold=False)

    def handle(self, tables: Tables, topic: str, record: Message) -> Performed | Failed:
        """Call the handler; its state is set only when everything it asked for can be written."""
        event = self.decode(topic, record)
        if isinstance(event, Failed):
            return event
        self.watch(record)
        try:
            if self.spec.decide is None:
                return self.perform(self._react(event), topic, record)
            self._refuse_strays(tables, topic, record, event)
            return self._decide(tables, record.key() or b"", event, lambda: cause(topic, record))
        except RegistryUnavailable:
            raise
        except Stray as error:
            return Failed(error, "handle", event, may_hold=False)
        except SystemExit as error:
            return Failed(HandlerExited(error.code), "handle", event)
        except Exception as error:
            return Failed(_sayable(error), "handle", event)
        finally:
            self.watch(None)

    def fire(self, tables: Tables, timer: Timer) -> Performed | Failed:
        """A timer's turn of `decide`; its cause is the key, the timer's name and its wave."""
        due = datetime.fromtimestamp(timer.due_ms / 1000, UTC)
        event = TimerDue(key=timer.key.decode(), name=timer.name, wave=timer.wave)
        cause = timer_cause(event, due)
        if self.is_blamed(cause.id):
            return Failed(HandlerTimeout(), "handle")
        self.watch(cause.id)
        try:
            return self._decide(tables, timer.key, event, lambda: cause, due)
        except SystemExit as error:
            return Failed(HandlerExited(error.code), "handle")
        except Exception as error:
            return Failed(error, "handle")
        finally:
            self.watch(None)

    def perform(self, effects: Iterable[Effect], topic: str, record: Message) -> Performed:
        """What a handler without a state asked for; raises Poison."""
        asked = list(effects)
        performed = self.performer.perform(asked, cause(topic, record)) if asked else NOTHING
        if performed.timers:
            raise Poison("this app has no state, so nothing could handle its timers")
        return performed

    def give_up(self, event: Event | None, reason: str, topic: str, record: Message) -> Performed:
        """What a buried record of this app still causes; under ids of its own, for a replay may yet succeed."""
        if self.spec.give_up is None or event is None:
            return NOTHING
        of = cause(topic, record)
        own = Cause(f"{of.id}|gave-up", of.correlation, of.traceparent, of.time)
        try:
            return self.performer.perform(self.spec.give_up(event, reason), own)
        except RegistryUnavailable:
            raise
        except Exception:
            _log.exception("%s is buried, and nobody is told: %s cannot give up", own.id, self.spec.group)
            return NOTHING

    def prepare(self, record: Message) -> Delivery | Failed:
        """What a channel is handed of a record of the partner's own topic."""
        topic = record.topic()
        event = self.decode(topic, record)
        if isinstance(event, Failed):
            return event
        of, key = cause(topic, record), record.key()
        kind = topic.removeprefix(f"{self.spec.group}.")
        return Delivery(
            id=of.id, type=kind, time=of.time, key=None if key is None else key.decode(errors="replace"), record=event,
            fields=as_json(event), raw=record.value() or b"", headers=history(record)[0],
        )

    def _react(self, event: Event) -> Iterable[Effect]:
        assert self.spec.react is not None
        return self.spec.react(event, **self.broadcast) if self.broadcast else self.spec.react(event)

    def _decide(self, tables: Tables, key: bytes, event: Any, cause: Callable[[], Cause],
                now: datetime | None = None) -> Performed:
        assert self.spec.decide is not None
        state = tables.state(key)
        new, effects = self.spec.decide(state, event, event.time if now is None else now)
        if new is not None and not isinstance(new, self.spec.state or object):
            raise Poison(f"decide returned {type(new).__name__} for its state")
        asked = list(effects)
        performed = self.performer.perform(asked, cause()) if asked else NOTHING
        if new is not state and new != state:
            if self.is_careful and new is not None:
                tables.encoded(new)
            tables.set_state(key, new)
        return performed

    def _refuse_strays(self, tables: Tables, topic: str, record: Message, event: Event) -> None:
        key, field = record.key() or b"", self._key_fields[topic]
        if str(getattr(event, field)).encode() != key:
            raise Stray(f"wrong_key: the record's key is not its {field}")
        if tables.state(key) is not None:
            return  # a key that already has a state here was hashed when it came first
        if partition_of(key, self.spec.stanza.partitions) != tables.partition:
            raise Stray("wrong_partition: not the partition of the key by murmur2; see `doctor`")


def _sayable(error: Exception) -> Exception:
    """The handler's exception itself, if the facts of its failure can be written."""
    try:
        str(error)
    except Exception:
        return Unsayable(type(error).__name__)
    return error
