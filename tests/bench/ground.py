"""Where a race takes place: topics, schemas and the map of one run, the same for every contestant."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import TopicPartition

from streams.contracts import names as derived
from streams.contracts import schema_files
from streams.contracts.names import Names
from streams.contracts.settings import Settings, from_env
from streams.contracts.topology import EventSpec, Source, Stanza, Topology
from streams.domain.failure import Ladder
from streams.ops import topics
from streams.runtime import clients
from streams.runtime.registry import registry
from streams.runtime.spec import AppSpec
from tests.bench.card import Card
from tests.bench.rows import Row

EPOCH = datetime.fromtimestamp(0, UTC)
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


def settings(env: Mapping[str, str] | None = None) -> Settings:
    """Of this environment, with the schemas that `prepare` laid beside every contestant's home."""
    found = from_env(env)
    return replace(found, schemas=found.home.parent / "schemas")


def prepare(root: Path) -> None:
    """The shipped schemas and the states of the rows, under `root`, where the contestants' homes will be."""
    shutil.copytree(from_env().schemas, root / "schemas")
    for name, fields in STATES.items():
        schema = {"type": "record", "name": name, "fields": fields}
        (root / "schemas" / f"{name}.avsc").write_text(json.dumps(schema), encoding="utf-8")


def spec(row: Row, run: str, source: str = "") -> AppSpec:
    """The app of this run: a group, an output topic and a changelog of its own; its inputs are those of `source`."""
    of = source or row.name
    inputs = [EventSpec(f"{of}.{topic}", *shape, row.partitions) for topic, shape in row.inputs.items()]
    outputs = [EventSpec(f"{run}.out", *row.output, row.partitions)] if row.output else []
    events = {event.topic: event for event in (*inputs, *outputs)}
    sources = tuple(Source(event) for event in inputs)
    stanza = Stanza(run, "subscriber", sources, Ladder((timedelta(seconds=1),), "bury"), row.partitions)
    return AppSpec(Topology(events, {run: stanza}), stanza, row.react, row.decide, state=row.state)


def lay_out(found: Settings, app: AppSpec) -> None:
    """Make the topics and publish the schemas of a run."""
    topics.apply(found, app.topology, lambda *_: None)
    registry(found).register({Names(found.prefix).subject(topic): it for topic, it in schemas(found, app).items()})


def card(found: Settings, app: AppSpec, row: str, place: Path) -> Card:
    """What a peer must know of this run; `place` is its home."""
    prefixed, known = Names(found.prefix), registry(found)
    by_topic = schemas(found, app)
    inputs = [source.topic for source in app.stanza.sources]
    log, out = derived.changelog(app.group), [topic for topic in app.topology.events if topic not in inputs]
    return Card(
        broker=found.broker, row=row, group=prefixed.group(app.group), inputs=[prefixed.topic(it) for it in inputs],
        out=prefixed.topic(out[0]) if out else "", changelog=prefixed.topic(log) if app.state else "",
        schemas={prefixed.topic(topic): schema for topic, schema in by_topic.items()},
        ids={prefixed.topic(topic): known.latest(prefixed.subject(topic))[0] for topic in by_topic},
        state_dir=str(place / "state"), partitions=app.stanza.partitions, guarantee="",
        report=str(place / "report"), extra={},
    )  # fmt: skip


def schemas(found: Settings, app: AppSpec) -> dict[str, Any]:
    """The schema of each topic of the run, its changelog too."""
    carried = {topic: event.record for topic, event in app.topology.events.items()}
    if app.state is not None:
        carried[derived.changelog(app.group)] = app.state.__name__
    records = schema_files.load(found.schemas)
    return {topic: records[record] for topic, record in carried.items()}


def committed(found: Settings, topics: Sequence[str]) -> list[Any]:
    """Every committed record of these topics, as a read_committed reader has them."""
    reader: Any = clients.onlooker(found)
    known = reader.list_topics(timeout=10).topics
    left = {(topic, partition) for topic in topics for partition in known[topic].partitions}
    reader.assign([TopicPartition(topic, partition, 0) for topic, partition in left])
    records = []
    while left:
        for message in reader.consume(10_000, 0.2):
            if message.error() is None:
                records.append(message)
            else:
                left.discard((message.topic(), message.partition()))
    reader.close()
    return records
