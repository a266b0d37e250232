"""Partners from outside: their state, what waits for them, pausing and resuming."""

from typing import Any

from tests.ops.byhand import World


def _partner(world: World, name: str) -> dict[str, Any]:
    [row] = [row for row in world.json("partners", "list") if row["partner"] == name]
    found: dict[str, Any] = row
    return found


def test_the_backlog_is_what_is_unread_and_what_waits_behind_a_held_key(world: World) -> None:
    event = world.write("partner_y.lead.accepted.v1", b"k1")
    held = {"id": event.id, "lane": 0, "attempts": 3, "first": 0, "next": 4, "since_ms": 1}
    world.note("partner_y", "held", b"k2", held, 0)
    partner = _partner(world, "partner_y")
    assert (partner["backlog"], partner["waiting_keys"], partner["dead"]) == (5, 1, 0)
    assert partner["state"] == "up"


def test_one_task_that_is_down_shows_the_partner_down_with_the_reason(world: World) -> None:
    world.note("partner_x", "partner", b"state", {"state": "up", "since": 1, "reason": ""}, 0)
    world.note("partner_x", "partner", b"state", {"state": "down", "since": 5, "reason": "refused"}, 1)
    partner = _partner(world, "partner_x")
    assert (partner["state"], partner["since_ms"], partner["reason"]) == ("down", 5, "refused")
    assert "refused" in world.run("partners", "list").stdout


def test_pause_and_resume_reach_every_task(world: World) -> None:
    assert world.run("partners", "pause", "partner_x").exit_code == 0
    assert world.run("partners", "resume", "partner_x").exit_code == 0
    told = [(one.partition, one.headers, one.value) for one in world.commands("partner_x")]
    assert sorted(told) == sorted(
        (partition, [("xd_command", command)], b"") for partition in (0, 1) for command in (b"pause", b"resume")
    )


def test_an_unknown_partner_is_wrong_use_and_names_the_known_ones(world: World) -> None:
    result = world.run("partners", "pause", "matching")
    assert (result.exit_code, "partner_x, partner_y" in result.stderr) == (2, True)
