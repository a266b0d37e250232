"""The confluent-kafka clients, each configured in one place."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from streams.contracts.settings import Settings


def _config(settings: Settings, **own: Any) -> dict[str, Any]:
    named = {name if name.endswith("_cb") else name.replace("_", "."): value for name, value in own.items()}
    shared = {"bootstrap.servers": settings.broker, "log_level": 3, "reconnect.backoff.max.ms": 1000}
    return shared | dict(settings.kafka_config) | named


def admin(settings: Settings, **own: Any) -> AdminClient:
    """It asks anew who leads what after a second: by itself it would ask a former leader for a quarter of an hour."""
    return AdminClient(_config(settings, **({"metadata_max_age_ms": 1000} | own)))


def is_kafka_up(client: AdminClient) -> bool:
    """Whether any broker answers within a second."""
    try:
        client.list_topics(timeout=1)
    except KafkaException:
        return False
    return True


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


def onlooker(settings: Settings, **own: Any) -> Consumer:
    """A reader that goes on behind what is trimmed before it comes to it, as lanes are."""
    return reader(settings, auto_offset_reset="earliest", **own)


def producer(settings: Settings, **own: Any) -> Producer:
    """An idempotent producer that places keys as Java's does (murmur2); how large a record may be its topic says."""
    defaults = {
        "enable_idempotence": True,
        "partitioner": "murmur2_random",
        "linger_ms": 0,
        "message_max_bytes": 1_000_000_000,
    }
    return Producer(_config(settings, **(defaults | own)))


@dataclass(frozen=True, slots=True)
class Member:
    """A worker in its group: the slot makes its transactional id, the same after every restart."""

    group: str
    slot: str

    @property
    def id(self) -> str:
        return f"{self.group}-{self.slot}"


def group_consumer(settings: Settings, member: Member, idle_s: float, topics: Iterable[str] = ()) -> Consumer:
    """Classic protocol, range, static membership: a restarted worker has its partitions at once (docs/design.md).

    It has those that it had, even where it now asks for more `topics`; then it has to come as somebody else.
    """
    asked = blake2b("\n".join(sorted(topics)).encode(), digest_size=4).hexdigest()
    return Consumer(
        _config(
            settings,
            group_id=member.group,
            group_instance_id=f"{member.id}-{asked}",
            partition_assignment_strategy="range",
            session_timeout_ms=6000,
            heartbeat_interval_ms=1500,
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            auto_offset_reset="error",
            isolation_level="read_committed",
            enable_partition_eof=True,
            fetch_wait_max_ms=round(idle_s * 1000),
            fetch_queue_backoff_ms=5,
            queued_max_messages_kbytes=2048,  # each message waits with as much again around it
        )
    )


def transactional_producer(settings: Settings, member: Member, largest: int) -> Producer:
    """Its transactions are aborted by the broker after 10 s: readers of its topics wait for a dead one that long.

    Left to itself it would forget brokers that it cannot reach, and then wait for the group's coordinator without end
    (https://github.com/confluentinc/librdkafka/issues/5511); who configures that gets the watchdog's help.
    """
    return Producer(
        _config(
            settings,
            transactional_id=member.id,
            transaction_timeout_ms=10_000,
            retry_backoff_ms=5,
            partitioner="murmur2_random",
            linger_ms=1,
            metadata_recovery_strategy=settings.kafka_config.get("metadata.recovery.strategy", "none"),
            message_max_bytes=largest + 131_072,
            queue_buffering_max_kbytes=262_144,
        )
    )
