"""Where a race takes place: topics, schemas and the map of one run, the same for every contestant."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from typing import Any

from streams.contracts import names as derived
from streams.contracts.names import Names
from streams.contracts.settings import Settings, from_env
from streams.contracts.topology import EventSpec, Source, Stanza, Topology
from streams.domain.failure import Ladder
from streams.ops import topics
from streams.runtime.registry import registry
from streams.runtime.spec import AppSpec
from tests.bench.rows import Row

PARTITIONS = 4
STATES: dict[str, list[dict[str, Any]]] = {
    "Seen": [{"name": "count", "type": "long"}],
    "Lead": [
        {"name": "lead_id", "type": "string"},
        {"name": "total_cents", "type": "long"},
        {"name": "offers", "type": {"type": "array", "items": "string"}},
        {"name": "winner", "type": ["null", "string"]},
        {"name": "seen", "type": "long"},
    ],
}


def settings() -> Settings:
    """Of this environment, with the schemas that `prepare` copied into its home."""
    found = from_env()
    return replace(found, schemas=found.home / "schemas")


def prepare(found: Settings) -> None:
    shutil.copytree(from_env().schemas, found.schemas)
    for name, fields in STATES.items():
        schema = {"type": "record", "name": name, "fields": fields}
        (found.schemas / f"{name}.avsc").write_text(json.dumps(schema), encoding="utf-8")


def spec(row: Row, run: str) -> AppSpec:
    """The app of this run: a group, an output topic and a changelog of its own; its input topics are the row's."""
    inputs = {topic: EventSpec(_input(row, topic), *shape, PARTITIONS) for topic, shape in row.inputs.items()}
    events = {event.topic: event for event in inputs.values()}
    if row.output is not None:
        events[f"{run}.out"] = EventSpec(f"{run}.out", *row.output, PARTITIONS)
    sources = tuple(Source(event) for event in inputs.values())
    stanza = Stanza(run, "subscriber", sources, Ladder((timedelta(seconds=1),), "bury"), PARTITIONS)
    return AppSpec(Topology(events, {run: stanza}), stanza, row.react, row.decide, state=row.state)


def lay_out(found: Settings, app: AppSpec) -> None:
    """Make the topics and publish the schemas of a run."""
    topics.apply(found, app.topology, lambda *_: None)
    registry(found).register({Names(found.prefix).subject(topic): it for topic, it in schemas(found, app).items()})


def schemas(found: Settings, app: AppSpec) -> dict[str, Any]:
    """The schema of each topic of the run, its changelog too."""
    records = {topic: event.record for topic, event in app.topology.events.items()}
    if app.state is not None:
        records[derived.changelog(app.group)] = app.state.__name__
    return {topic: json.loads((found.schemas / f"{record}.avsc").read_text()) for topic, record in records.items()}


def _input(row: Row, topic: str) -> str:
    return f"{row.name}.{topic}"
