"""A contestant: Quix Streams with its RocksDB state. `python -m tests.bench.peers.quix_app CARD`, in its own venv."""

import sys
from datetime import UTC, datetime
from functools import partial, reduce
from typing import Any

from quixstreams import Application  # type: ignore[import-not-found,unused-ignore]
from quixstreams.models import Serializer  # type: ignore[import-not-found,unused-ignore]

from tests.bench import card as cards
from tests.bench.bare_codec import Avro
from tests.bench.bare_rules import RULES, id_of
from tests.bench.card import Card

_STATE = "state"


class _Encoded(Serializer):  # type: ignore[misc,unused-ignore]
    def __init__(self, avro: Avro, topic: str) -> None:
        super().__init__()
        self._encode = partial(avro.encoded, topic)

    def __call__(self, value: Any, ctx: Any) -> bytes:
        return self._encode(value)


def app_of(card: Card) -> Application:
    app = Application(
        broker_address=card.broker, consumer_group=card.group, state_dir=card.state_dir, auto_offset_reset="earliest",
        processing_guarantee=card.guarantee, commit_interval=0.1, loglevel="WARNING",
    )  # fmt: skip
    avro, raw = Avro(card), {"key_deserializer": "bytes", "value_deserializer": "bytes"}
    rule = _Rule(card, avro)
    streams = [app.dataframe(app.topic(topic, **raw)).apply(partial(avro.decoded, topic)) for topic in card.inputs]
    stream = reduce(lambda one, other: one.concat(other), streams)
    is_stateful = bool(card.changelog)
    stream = stream.apply(rule.stateful if is_stateful else rule.stateless, stateful=is_stateful, metadata=True)
    stream = stream.filter(lambda output: output is not None)
    out = app.topic(card.out, key_serializer="bytes", value_serializer=_Encoded(avro, card.out))
    stream.to_topic(out, key=lambda output: id_of(output).encode())
    return app


class _Rule:
    """A row's rule in the shapes that Quix calls."""

    def __init__(self, card: Card, avro: Avro) -> None:
        self._rule, self._avro, self._log = RULES[card.row], avro, card.changelog

    def stateless(self, event: Any, key: bytes, ms: int, headers: Any) -> Any:
        return self._rule(event, None, _at(ms))[0]

    def stateful(self, event: Any, key: bytes, ms: int, headers: Any, state: Any) -> Any:
        old = state.get_bytes(_STATE)
        output, new = self._rule(event, None if old is None else self._avro.decoded(self._log, old), _at(ms))
        if new is not None:
            state.set_bytes(_STATE, self._avro.encoded(self._log, new))
        return output


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


if __name__ == "__main__":
    app_of(cards.read(sys.argv[1])).run()
