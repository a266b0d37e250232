"""An embedded Apache Kafka: one real broker in KRaft mode, without a system Java, Maven or Docker."""

from streams.ops.kafka.broker import Broker, down, status, up
from streams.ops.kafka.errors import EmbeddedKafkaError
from streams.ops.kafka.jars import Progress

__all__ = ["Broker", "EmbeddedKafkaError", "Progress", "down", "status", "up"]
