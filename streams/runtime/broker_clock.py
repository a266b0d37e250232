"""What time it is for the broker, by a record that nobody ever sees."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME

from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.runtime import clients

PATIENCE_S = 10.0


def ahead_ms(settings: Settings, topic: str, clock: Callable[[], datetime]) -> float | None:
    """How far the broker's clock is ahead of ours (negative: behind), beyond the time that asking took.

    None where the topic has no append time. The record goes to `topic` (logical) in a transaction that is aborted.
    Raises KafkaException.
    """
    answer: list[Any] = []
    names = Names(settings.prefix)
    own = {"transactional_id": names.group(f"clock-{uuid4()}"), "transaction_timeout_ms": 10_000}
    asking = clients.producer(settings, **own)
    asking.init_transactions(PATIENCE_S)
    asking.begin_transaction()
    before_ms = clock().timestamp() * 1000
    asking.produce(names.topic(topic), b"", partition=0, on_delivery=lambda error, message: answer.append(message))
    asking.flush(PATIENCE_S)
    after_ms = clock().timestamp() * 1000
    asking.abort_transaction(PATIENCE_S)
    kind, append_ms = answer[0].timestamp() if answer else (0, 0)
    if kind != TIMESTAMP_LOG_APPEND_TIME:
        return None
    # append times are whole milliseconds, rounded down
    return min(0.0, append_ms + 1 - before_ms) or max(0.0, append_ms - after_ms)
