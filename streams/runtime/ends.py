"""Where a partition begins or ends, as its broker tells it, or the fact that it did not."""

from concurrent.futures import Future
from typing import Any

from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException

PATIENCE_S = 5.0  # of one request; librdkafka's own is a minute, which timers would wait

_MOVING = (
    KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH, KafkaError.UNKNOWN_LEADER_EPOCH,
)  # fmt: skip


def is_moving(error: BaseException | None) -> bool:
    """Whether a partition's leader was on its way to another broker: it is known there in a moment."""
    return isinstance(error, KafkaException) and error.args[0].code() in _MOVING


def told(answer: "Future[Any]", patience_s: float | None = None) -> int:
    """The offset of an answer of `list_offsets`; raises KafkaException, and TimeoutError after `patience_s`.

    Where the connection breaks, or time is up, librdkafka answers OFFSET_INVALID and no error.
    """
    offset: int = answer.result(patience_s).offset
    if offset == OFFSET_INVALID:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "no broker told the offset"))
    return offset
