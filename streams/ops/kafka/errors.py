"""The one exception of the embedded Kafka: what is wrong, and what to do next."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


class EmbeddedKafkaError(Exception):
    """The message is for the user: it names the trouble and the next step."""


@contextmanager
def disk_trouble_explained(place: Path, remedy: str) -> Iterator[None]:
    """Turns a full or forbidden disk under `place` into an EmbeddedKafkaError that ends with `remedy`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise EmbeddedKafkaError(f"the disk is full: cannot write {place}; free some space, or {remedy}") from error
        if error.errno in _DENIED:
            raise EmbeddedKafkaError(f"not allowed to write {place}; change its permissions, or {remedy}") from error
        raise
