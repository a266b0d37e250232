"""Why a lead is where it is, read from what workers left in Kafka."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.contracts.codec import Codec
from streams.contracts.partitioner import partition_of
from streams.contracts.schema_files import load, of_topics
from streams.domain import events, lead_state
from streams.domain.lead_state import Happening, LeadState, Offer
from streams.ops import schemas
from streams.runtime.registry import registry
from tests.ops.byhand import World

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def codec(world: World) -> Codec:
    schemas.publish(world.settings, world.topology)
    local = of_topics(load(world.settings.schemas), world.topology)
    return Codec(registry(world.settings), world.names, local, types=vars(events) | vars(lead_state))


def _partition(lead_id: str) -> int:
    return partition_of(lead_id.encode(), 2)


def _save(world: World, codec: Codec, state: LeadState) -> None:
    value = codec.encode("leads.changelog", state)
    world.note("leads", "state", state.lead_id.encode(), value, _partition(state.lead_id))


def _awaiting(order_id: str, **more: Any) -> LeadState:
    offers = [Offer(provider_id="anna", wave=1, has_declined=True), Offer(provider_id="bert", wave=1)]
    history = [Happening(at=NOW, what="offered", why="wave 1")]
    fields: dict[str, Any] = {
        "order_id": order_id,
        "stage": "awaiting",
        "wave": 1,
        "asked_wave": 1,
        "deadline": NOW,
        "offers": offers,
    }
    return LeadState(lead_id=f"lead-{order_id}", history=history, **fields | more)


def _timer(world: World, lead_id: str, name: str, due: datetime) -> None:
    entry = {"due": int(due.timestamp() * 1000), "wave": 1}
    world.note("leads", "timer", f"{lead_id}\0{name}".encode(), entry, _partition(lead_id))


def test_a_lead_is_shown_with_its_offers_timers_and_history(world: World, codec: Codec) -> None:
    _save(world, codec, _awaiting("o1"))
    _timer(world, "lead-o1", "window", NOW + timedelta(minutes=10))
    _timer(world, "lead-o1", "max_age", NOW + timedelta(hours=1))
    lead = world.json("leads", "show", "lead-o1")
    assert (lead["stage"], lead["order_id"]) == ("awaiting", "o1")
    assert "wave 1 of 2: 2 offered, 1 declined, 1 silent" in lead["why"]
    assert [timer["name"] for timer in lead["timers"]] == ["window", "max_age"]
    assert 0 < lead["timers"][0]["remaining_seconds"] <= 600
    shown = world.run("leads", "show", "lead-o1").stdout
    assert all(word in shown for word in ("anna", "declined", "bert", "none", "window", "offered", "wave 1"))


def test_the_order_id_finds_the_lead_too(world: World, codec: Codec) -> None:
    _save(world, codec, _awaiting("o2"))
    assert world.json("leads", "show", "o2")["lead_id"] == "lead-o2"


def test_an_overdue_timer_is_said_to_be_overdue(world: World, codec: Codec) -> None:
    _save(world, codec, _awaiting("o3"))
    _timer(world, "lead-o3", "window", NOW - timedelta(minutes=2))
    assert "overdue by" in world.json("leads", "show", "o3")["why"]


def test_a_deleted_timer_is_not_pending(world: World, codec: Codec) -> None:
    _save(world, codec, _awaiting("o4"))
    _timer(world, "lead-o4", "window", NOW)
    world.note("leads", "timer", b"lead-o4\0window", None, _partition("lead-o4"))
    assert world.json("leads", "show", "o4")["timers"] == []


def test_the_next_waves_slip_that_died_explains_a_standstill(world: World, codec: Codec) -> None:
    _save(world, codec, _awaiting("o5", asked_wave=2))
    slip = world.write("lead.match", b"lead-o5")
    world.commit("lead.match", "lead.match", slip.partition, slip.offset + 1)
    letter = world.bury("lead.match", slip)
    why = world.json("leads", "show", "o5")["why"]
    assert "wave 2 was asked for" in why
    assert letter in why and "is dead in lead.match" in why


def test_an_order_that_never_came_is_said_to_be_missing(world: World, codec: Codec) -> None:
    result = world.run("leads", "show", "nobody")
    assert (result.exit_code, "no record of order nobody" in result.stdout) == (1, True)


def test_an_order_that_nobody_has_read_is_found_before_its_reader(world: World, codec: Codec) -> None:
    order = world.write("order.placed.v1", b"fresh")
    result = world.run("leads", "show", "lead-fresh")
    assert f"{order.id} is unread in matching" in result.stdout


def test_a_lead_that_has_not_begun_is_found_where_its_last_record_is_stuck(world: World, codec: Codec) -> None:
    order = world.write("order.placed.v1", b"slow")
    world.commit("matching", "order.placed.v1", order.partition, order.offset + 1)
    command = world.write("lead.start", b"lead-slow")
    world.commit("lead.start", "lead.start", command.partition, command.offset + 1)
    due = int(time.time() * 1000) + 5000
    held = {"id": command.id, "lane": 1, "attempts": 1, "first": 0, "next": 0, "since_ms": due - 5000, "due_ms": due}
    world.note("lead.start", "held", b"lead-slow", held, command.partition)
    result = world.run("leads", "show", "slow")
    assert f"{command.id} is retrying in lead.start (in lead.start.retry.1 after 1 attempts)" in result.stdout
    assert "handled" in result.stdout


def test_leads_are_listed_by_stage_the_latest_first(world: World, codec: Codec) -> None:
    for number in range(3):
        _save(world, codec, _awaiting(f"list{number}", stage="escalated"))
    listed = world.json("leads", "list", "--stage", "escalated", "--limit", "2")
    assert {lead["stage"] for lead in listed} == {"escalated"}
    assert len(listed) == 2
    assert world.json("leads", "list", "--stage", "cancelled") == []


def test_an_unknown_stage_is_wrong_use(world: World) -> None:
    assert world.run("leads", "list", "--stage", "lost").exit_code == 2
