"""A consumer group outside the engine: batches of records, and offsets that its reader settles when it likes."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.reading import Place, Stored, Unavailable
from streams.runtime.strangers import BAD_CREDENTIALS, Refusal, told

_SESSION_MS = 6_000
_LOOK_S = 2


class Incoming:
    """Committed records of one topic, for the group from its beginning or from where it settled last."""

    def __init__(self, settings: Settings, topic: str, group: str) -> None:
        self._names = names = Names(settings.prefix)
        own: dict[str, Any] = {"group_id": names.group(group), "auto_offset_reset": "earliest"}
        own |= {"enable_partition_eof": False, "fetch_wait_max_ms": 100}
        own |= {"session_timeout_ms": _SESSION_MS, "topic_metadata_refresh_interval_ms": _SESSION_MS}
        self._refusal = Refusal()
        self._consumer: Any = clients.reader(settings, error_cb=self._refusal.hear, **own)
        self._topic = names.topic(topic)
        self._consumer.subscribe([self._topic])

    def read(self, wait_s: float, at_most: int = 500) -> list[Stored]:
        """What is there, or comes first within `wait_s`; raises Unavailable where the group cannot go on."""
        # consume(n, t) would wait the whole t for n records
        first = self._consumer.poll(wait_s)
        if first is None:
            return []
        found = [first, *(self._consumer.consume(at_most - 1, 0) if at_most > 1 else ())]
        return [self._stored(message) for message in found if _is_record(message)]

    def settle(self, positions: Mapping[Place, int]) -> None:
        """Commit those of these offsets whose partition is still ours; in a rebalance that waits for the next time."""
        ours = {(self._names.logical(each.topic), each.partition) for each in self._consumer.assignment()}
        offsets = [TopicPartition(self._names.topic(t), n, at) for (t, n), at in positions.items() if (t, n) in ours]
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if error.args[0].fatal() or error.args[0].code() in BAD_CREDENTIALS:
                raise Unavailable(told(error.args[0])) from error

    def look(self) -> None:
        """Raises Unavailable where nobody answers, or the topic is not there: neither sends anything."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=_LOOK_S).topics[self._topic]
        except KafkaException as error:
            raise Unavailable(told(error.args[0], self._refusal.said)) from error
        if found.error is not None:
            raise Unavailable(f"{self._topic}: {told(found.error)}")
        self._refusal.said = ""

    def close(self) -> None:
        self._consumer.close()

    def _stored(self, message: Any) -> Stored:
        place, time_ms = (self._names.logical(message.topic()), message.partition()), message.timestamp()[1]
        return Stored(*place, message.offset(), time_ms, message.key(), message.value(), message.headers() or [])


def _is_record(message: Any) -> bool:
    error = message.error()
    if error is not None and (error.fatal() or error.code() in (KafkaError._FATAL, *BAD_CREDENTIALS)):
        raise Unavailable(told(error))
    return error is None
