"""What a cluster says of our credentials; the failures that come of it say only that nobody answered."""

from confluent_kafka import KafkaError

BAD_CREDENTIALS = {  # of the whole client, whatever record it was
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}


class Refusal:
    """`hear` is a client's `error_cb`. It knows nothing of its client, which would otherwise live on in a cycle."""

    def __init__(self) -> None:
        self.said = ""

    def hear(self, error: KafkaError) -> None:
        if error.code() in BAD_CREDENTIALS:
            self.said = error.str()


def told(error: KafkaError, said: str = "") -> str:
    """The error in words; `said` is what the cluster has said of our credentials since it last took anything."""
    is_stranger = bool(said) or error.code() in BAD_CREDENTIALS
    return f"bad credentials: {said or error.str()}" if is_stranger else error.str()


def unanswered(broker: str, reason: str, said: str = "") -> str:
    """What to tell, with the next step, of a cluster that does not answer, or that has refused us as it `said`."""
    if said:
        return f"Kafka at {broker} refuses us: {said}; see to CROSSDOCK_KAFKA_CONFIG, or to what its user may do"
    return f"no answer from Kafka at {broker} ({reason}); `kafka up` starts one, --broker names another"
