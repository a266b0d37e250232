"""The confluent-kafka clients, each configured in one place."""

from typing import Any

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from streams.contracts.settings import Settings


def _config(settings: Settings, **own: Any) -> dict[str, Any]:
    named = {name.replace("_", "."): value for name, value in own.items()}
    shared = {"bootstrap.servers": settings.broker, "log_level": 3, "reconnect.backoff.max.ms": 1000}
    return shared | dict(settings.kafka_config) | named


def admin(settings: Settings) -> AdminClient:
    return AdminClient(_config(settings))


def reader(settings: Settings, **own: Any) -> Consumer:
    """A consumer outside every group that sees committed records only and reports partition ends."""
    defaults = {
        "group_id": "crossdock-reader",
        "enable_auto_commit": False,
        "auto_offset_reset": "error",
        "isolation_level": "read_committed",
        "enable_partition_eof": True,
        "fetch_wait_max_ms": 10,
    }
    return Consumer(_config(settings, **(defaults | own)))


def producer(settings: Settings, **own: Any) -> Producer:
    """An idempotent producer that places keys as Java's does (murmur2)."""
    defaults = {"enable_idempotence": True, "partitioner": "murmur2_random", "linger_ms": 0}
    return Producer(_config(settings, **(defaults | own)))
