"""The errors of confluent-kafka, with the flags that the real client gives them."""

from confluent_kafka import KafkaError, KafkaException


def refused(code: int, reason: str = "") -> KafkaException:
    """It simply did not work."""
    return KafkaException(KafkaError(code, reason))


def abortable(code: int, reason: str) -> KafkaException:
    return KafkaException(KafkaError(code, reason, False, False, True))


def retriable(code: int, reason: str) -> KafkaException:
    return KafkaException(KafkaError(code, reason, False, True, False))


def fatal(code: int, reason: str) -> KafkaException:
    return KafkaException(KafkaError(code, reason, True, False, False))
