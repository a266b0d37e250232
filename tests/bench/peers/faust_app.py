"""A contestant: stock Faust with its RocksDB table. `python -m tests.bench.peers.faust_app CARD`, in its own venv.

Each setting departs from Faust's default only where that makes it faster: docs/bench.md, settings.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faust

from tests.bench import card as cards
from tests.bench.bare_codec import Avro
from tests.bench.bare_rules import RULES, id_of
from tests.bench.card import Card

_RAW: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}


def app_of(card: Card) -> faust.App:
    app = faust.App(
        card.group, broker=f"kafka://{card.broker}", store="rocksdb://", datadir=Path(card.state_dir),
        processing_guarantee=card.guarantee, topic_partitions=card.partitions, topic_replication_factor=1,
        producer_linger=0.005, producer_max_batch_size=256 * 1024, stream_wait_empty=False, web_enabled=False,
        broker_commit_interval=0.1 if card.guarantee == "exactly_once" else 2.8,
    )  # fmt: skip
    table: Any = _table(app, card) if card.changelog else None
    rule, avro, out = RULES[card.row], Avro(card), app.topic(card.out, **_RAW)

    @app.agent(app.topic(*card.inputs, **_RAW))
    async def handle(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            old = table.get(event.key) if table is not None else None
            known = None if old is None else avro.decoded(card.changelog, old)
            at = datetime.fromtimestamp(message.timestamp, UTC)
            output, state = rule(avro.decoded(message.topic, event.value), known, at)
            if output is not None:
                out.send_soon(key=id_of(output).encode(), value=avro.encoded(card.out, output))
            if state is not None:
                table[event.key] = avro.encoded(card.changelog, state)

    return app


def _table(app: faust.App, card: Card) -> Any:
    """Raw bytes; a table takes its serializers from types only, and for bytes that would be JSON."""
    table: Any = app.Table("state", partitions=card.partitions, key_type=bytes, value_type=bytes)
    table.key_serializer = table.value_serializer = "raw"
    return table


if __name__ == "__main__":
    faust.Worker(app_of(cards.read(sys.argv[1])), loglevel="warn").execute_from_commandline()
