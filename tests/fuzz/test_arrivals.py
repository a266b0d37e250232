"""Whatever a context's broker holds: it is stored, and read or told; nothing of it ends a worker."""

import json
from base64 import b64encode
from datetime import datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from streams.contracts.arrivals import MAX_KEY_BYTES, Arrivals
from streams.contracts.codec import Undecodable
from streams.contracts.json_values import as_json
from streams.contracts.registry import InMemory, UnknownSchema
from streams.contracts.topology_file import load
from streams.domain.received import Received
from streams.testing.worker import codec_of
from tests.flow import ROOT, placed
from tests.fuzz.properties import fuzz, tells

(ORDER,) = placed("order-1")
TYPES = ["order.placed.v1", "order.cancelled.v1", "OrderPlaced", "lead.start", ""]
CONTENT_TYPES = [
    "",
    "application/json",
    "application/cloudevents+json",
    "application/avro",
    "text/plain; charset=x",
    "a/b",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["order-1", "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(sorted(as_json(ORDER))), inner)
    ),
    max_leaves=10,
)


@cache
def arrivals() -> Arrivals:
    topology = load(ROOT / "tests/map.yaml")
    admits = [topology.events[name] for name in ("order.placed.v1", "order.cancelled.v1")]
    return Arrivals(admits, codec_of(InMemory(), topology, []))


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Anything; or an order with some of it replaced; or either inside of a CloudEvent."""
    fields: Any = draw(JSON)
    if draw(st.booleans()):
        fields = as_json(ORDER) | draw(st.dictionaries(st.sampled_from(sorted(as_json(ORDER))), JSON, max_size=2))
    if draw(st.booleans()):
        inside = (
            {"data": fields}
            if draw(st.booleans())
            else {"data_base64": draw(JSON | st.just(b64encode(b"\0" * 9).decode()))}
        )
        told = draw(st.dictionaries(st.sampled_from(["id", "type", "datacontenttype", "traceparent"]), JSON))
        fields = {"specversion": "1.0", "id": "1", "type": TYPES[0]} | inside | told
    return draw(st.binary() | st.just(json.dumps(fields).encode()))


messages = st.builds(
    Received,
    id=st.text(),
    type=st.sampled_from(TYPES) | st.text(),
    key=st.none() | st.text(),
    body=bodies(),
    content_type=st.sampled_from(CONTENT_TYPES) | st.text(),
    attributes=st.dictionaries(st.sampled_from(["correlationid", "causationid", "traceparent", "source"]), st.text()),
)


@fuzz("arrivals", 20, message=messages)
def test_any_message_is_stored_and_then_read_or_told(message: Received) -> None:
    stored = arrivals().stored(message)
    told = dict(stored.headers)
    assert stored.value == message.body and told["ce_id"] and len(stored.key) <= MAX_KEY_BYTES
    try:
        arrival = arrivals().read(list(stored.headers), stored.value)
    except (Undecodable, UnknownSchema) as error:
        tells(error)
        return
    assert stored.key == arrival.record.order_id.encode()  # type: ignore[attr-defined]
    assert isinstance(arrival.record, type(ORDER)) is (arrival.topic == "order.placed.v1")
    assert isinstance(arrivals().read(list(stored.headers), stored.value).time, datetime)
