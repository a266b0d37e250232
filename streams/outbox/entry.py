"""An event as a row of an outbox: made and checked by the map and its schemas."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from streams.contracts import current, schema_files
from streams.contracts.codec import Codec, Unencodable
from streams.contracts.json_values import as_json
from streams.contracts.mistakes import suggest
from streams.contracts.names import Names
from streams.contracts.registry import InMemory
from streams.contracts.settings import from_env
from streams.contracts.topology import EventSpec

MAX_CHARACTERS = 255  # of id, type and key, as the table has them


class WrongEvent(ValueError):
    """This is no event of the map, or not as its schema has it; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The columns that a writer fills; `payload` is the record's fields as JSON values."""

    id: str
    type: str
    key: str
    payload: Mapping[str, Any]
    headers: Mapping[str, str] | None

    @property
    def texts(self) -> tuple[str, str, str, str, str | None]:
        """The columns as a driver takes them: JSON as text."""
        headers = None if self.headers is None else json.dumps(self.headers)
        return self.id, self.type, self.key, json.dumps(self.payload), headers


def entry(
    event: Any, *, type: str | None = None, id: str | None = None, headers: Mapping[str, str] | None = None
) -> Entry:
    """`event` is a record such as OrderPlaced; `type` its name in the map where several carry that record.

    `id` is made up unless given: give one where the writer may do its work twice. `headers` are texts, such as
    traceparent. Raises WrongEvent.
    """
    settings, spec = from_env(), _spec(event, type)
    codec = _codec(settings.schemas, settings.topology)
    try:
        written = codec.encode(spec.topic, event)
    except Unencodable as error:
        raise WrongEvent(str(error)) from error
    payload = as_json(codec.decode(spec.topic, written, datetime.now(UTC)))  # times as readers will see them
    made = Entry(uuid4().hex if id is None else id, spec.topic, str(payload[spec.key]), payload, headers)
    for name in ("id", "key"):
        if not 0 < len(getattr(made, name)) <= MAX_CHARACTERS:
            raise WrongEvent(f"{spec.topic}: the {name} has {len(getattr(made, name))} characters, not 1 to 255")
    return made


def _spec(event: Any, type: str | None) -> EventSpec:
    """What the map says about this event, or command."""
    name = event.__class__.__name__
    ours = [spec for spec in current.topology().topics_of(name) if not spec.is_partner_own]
    found = [spec for spec in ours if type in (None, spec.topic)]
    if not ours:
        raise WrongEvent(f"no event of the map carries {name}")
    if not found:
        raise WrongEvent(f"{type} carries no {name}; {suggest(str(type), [spec.topic for spec in ours])}")
    if len(found) > 1:
        topics = ", ".join(sorted(spec.topic for spec in found))
        raise WrongEvent(f"{topics} all carry {name}; say which by type=")
    return found[0]


@lru_cache(maxsize=1)
def _codec(directory: Path, _map: Path) -> Codec:
    """A codec whose registry knows the schemas of schemas/ and nothing else: no cluster is asked."""
    local = schema_files.of_topics(schema_files.load(directory), current.topology())
    names, registry = Names(), InMemory()
    registry.register({names.subject(topic): schema for topic, schema in local.items()})
    return Codec(registry, names, local)
