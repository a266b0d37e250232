"""The contracts as files: which schema of schemas/ each topic has."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streams.contracts.names import changelog
from streams.contracts.partner_schema import partner_schema
from streams.contracts.registry import Schema
from streams.contracts.topology import EventSpec, Topology

SAGA_STATE = "LeadState"


class SchemaFileError(Exception):
    """A file of schemas/ cannot be used; the message names it."""


def load(directory: Path) -> dict[str, Schema]:
    """Every record of the directory by its name, which is its file's; raises SchemaFileError."""
    return {file.stem: _read(file) for file in sorted(directory.glob("*.avsc"))}


def of_topics(records: Mapping[str, Schema], topology: Topology) -> dict[str, Schema]:
    """The schema of each event topic of the map, and of the changelog of each app that keeps state of its own.

    A partner's own topic has its event's, or the one that its stanza's `fields` make of it.
    A saga's state is LeadState; a subscriber's is the record that names its group in `state_of`.
    Raises SchemaFileError where a record of the map has no file.
    """
    carried = {topic: spec.record for topic, spec in topology.events.items()}
    for group, stanza in topology.stanzas.items():
        kept = [name for name, schema in records.items() if group in schema.get("state_of", ())]
        for record in [SAGA_STATE] if stanza.kind == "saga" else kept:
            carried[changelog(group)] = record
    missing = {record for record in carried.values() if record not in records}
    if missing:
        raise SchemaFileError(f"schemas/ has no {', '.join(f'{record}.avsc' for record in sorted(missing))}")
    return {topic: _said(records[record], topology.events.get(topic)) for topic, record in carried.items()}


def _said(schema: Schema, spec: EventSpec | None) -> Schema:
    """A partner's own topic has the schema of what its stanza maps, if it does."""
    if spec is None or spec.translation is None or not spec.translation.fields:
        return schema
    return partner_schema(schema, spec.translation.fields, spec.owner, spec.topic.removeprefix(f"{spec.owner}."))


def _read(file: Path) -> Schema:
    try:
        schema: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SchemaFileError(f"{file.name} cannot be read: {error}") from error
    if not isinstance(schema, dict) or schema.get("type") != "record" or schema.get("name") != file.stem:
        raise SchemaFileError(f"{file.name} is not a record of the name {file.stem}")
    if not isinstance(schema.get("state_of", []), list):
        raise SchemaFileError(f"{file.name}: state_of is no list of groups")
    return schema
