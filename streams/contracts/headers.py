"""Kafka headers as the clients hand them over, read without ever raising."""

from collections.abc import Sequence

Header = tuple[str, bytes | None]
Headers = Sequence[Header]
Written = list[tuple[str, bytes]]


def text(headers: Headers | None, name: str) -> str | None:
    """The last header of this name as text, as Java's lastHeader; None where there is none or it is not UTF-8."""
    for found, value in reversed(headers or ()):
        if found == name:
            return decoded(value)
    return None


def decoded(value: bytes | None) -> str | None:
    """A header's value as text; None where it is empty or not UTF-8."""
    try:
        return value.decode() if value else None
    except UnicodeDecodeError:
        return None
