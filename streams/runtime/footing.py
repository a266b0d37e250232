"""What an app cannot begin without: a place for its state, and properties that every client takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException

from streams.runtime.parts import Stop


@contextmanager
def needed(group: str) -> Iterator[None]:
    """Raises Stop with the next step for what no second try can mend; a full disk, say, may be mended meanwhile."""
    try:
        yield
    except (PermissionError, NotADirectoryError, FileNotFoundError, FileExistsError) as error:
        where = f"{group}: {error.filename}: {error.strerror}"
        raise Stop(f"{where}; --home or CROSSDOCK_HOME names another place for its state") from error
    except KafkaException as error:
        if error.args[0].code() != KafkaError._INVALID_ARG:
            raise
        raise Stop(f"{group}: {error.args[0].str()}; see to CROSSDOCK_KAFKA_CONFIG") from error
