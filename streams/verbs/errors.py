"""The one place where known errors become one line; anything else is a bug and shows its trace."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

# each of them says in its text what is wrong and what to do next
KNOWN = (
    "streams.channels:ChannelError",
    "streams.contracts.mistakes:TopologyError",
    "streams.contracts.registry:Refused",
    "streams.contracts.registry:RegistryUnavailable",
    "streams.contracts.registry:UnknownSchema",
    "streams.contracts.schema_files:SchemaFileError",
    "streams.contracts.settings:SettingsError",
    "streams.ops.demo.failed:DemoFailed",
    "streams.ops.kafka:EmbeddedKafkaError",
    "streams.ops.onboarding:OnboardingRefused",
    "streams.ops.orphans:Orphaned",
    "streams.ops.readable:Unreadable",
    "streams.ops.rows:FeedError",
    "streams.ops.topics:TopicsRefused",
    "streams.runtime.outgoing:SendFailed",
    "streams.runtime.outside:KafkaException",
    "streams.runtime.parts:Stop",
    "streams.runtime.reading:Unavailable",
    "streams.runtime.topics_admin:TopicRefused",
)


@contextmanager
def as_messages() -> Iterator[None]:
    """Turns known errors into a message and exit code 1."""
    try:
        yield
    except BrokenPipeError:
        raise
    except _loaded() as error:
        raise click.ClickException(_text(error)) from error


def _loaded() -> tuple[type[Exception], ...]:
    """The known errors whose module is loaded; no other can have been raised, and loading them all costs time."""
    names = (name.split(":") for name in KNOWN)
    return OSError, *(getattr(sys.modules[module], error) for module, error in names if module in sys.modules)


def _text(error: Exception) -> str:
    """Kafka's own errors hold their text one level down."""
    inner: Any = error.args[0] if error.args else None
    return str(inner.str()) if hasattr(inner, "str") else str(error)
