"""The tables' records survive their bytes: each state schema fits its class."""

import json
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.codec import Codec
from streams.contracts.names import Names
from streams.contracts.registry import InMemory
from streams.domain.events import EPOCH, Event
from streams.domain.lead_state import LeadState
from tests.domain.test_lead_laws import steps, told

SCHEMAS = Path(__file__).parents[2] / "schemas"


def codec_of(record: type) -> Codec:
    schema = json.loads((SCHEMAS / f"{record.__name__}.avsc").read_text(encoding="utf-8"))
    schemas = InMemory()
    schemas.register({"table-value": schema})
    return Codec(schemas, Names(), {"table": schema}, {record.__name__: record})


@given(st.lists(steps, min_size=1, max_size=14))
def test_a_leads_state_survives_its_bytes(script: list[tuple[Event, timedelta, bool]]) -> None:
    codec, state = codec_of(LeadState), told(script).state
    if state is not None:
        decoded: object = codec.decode("table", codec.encode("table", state), EPOCH)
        assert decoded == state
