"""A state that cannot be written undoes its turn and is found in the next one; then states are written once again."""

from dataclasses import replace
from typing import Any

import pytest

from streams.runtime.tables import Tables
from streams.subscribers.analytics import FunnelCount, count
from streams.testing import Flow
from streams.testing.apps import spec_of
from tests.flow import placed


def bad_counts(state: FunnelCount | None, event: Any, now: Any) -> Any:
    return (FunnelCount(placed=2**70), []) if event.order_id == "bad" else count(state, event, now)


def test_states_are_encoded_twice_only_in_the_turn_after_a_refused_one(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded, encode = list[FunnelCount](), Tables.encoded

    def counted(tables: Tables, state: FunnelCount) -> bytes:
        encoded.append(state)
        return encode(tables, state)

    with Flow(replace(spec_of("analytics"), decide=bad_counts)) as flow:
        flow.send(*placed("good", "bad"))
        flow.settle()
        (letter,) = flow.dead_letters("analytics")
        assert letter.key == "bad" and "state_unencodable" in letter.facts.error_message
        monkeypatch.setattr(Tables, "encoded", counted)
        flow.send(*placed("next"))
        flow.settle()
        assert len(encoded) == 1
