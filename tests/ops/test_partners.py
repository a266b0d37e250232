"""Partners from outside: their state, what waits for them, pausing and resuming."""

import time
from pathlib import Path
from typing import Any

from tests.ops.byhand import MAP, World


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


def test_what_waits_behind_a_held_key_is_as_old_as_its_record(world: World) -> None:
    event, appended = world.write("partner_y.lead.accepted.v1", b"k3"), time.time() - 900
    world.commit("partner_y", event.topic, event.partition, event.offset + 1)
    queued = {"topic": event.topic, "partition": event.partition, "offset": event.offset, "timestamp": appended * 1000}
    world.note("partner_y", "waiting", b"k3\0" + bytes(8), queued, event.partition)
    assert 900 <= _partner(world, "partner_y")["oldest_seconds"] < 1000


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


def _remarks(world: World, map: Path, *args: str) -> dict[str, str]:
    """What `partners plan` remarks, by partner."""
    return {
        step["name"]: step["what"]
        for step in world.json("partners", "plan", "--topology", str(map), *args)
        if step["kind"] == "remark"
    }


def test_the_plan_tells_how_much_waits_for_one_that_retires_and_when_it_may_go(world: World, tmp_path: Path) -> None:
    map, own = tmp_path / "topology.yaml", "partner_x.lead.accepted.v1"
    map.write_text(MAP.replace("allow_private: true}", "allow_private: true}\n    retiring: true"), encoding="utf-8")
    waits = world.write(own, b"retires")
    waiting = sum(world.cluster.ends(world.cluster.places(own)).values())
    assert _remarks(world, map)["partner_x"] == f"it is retiring; {waiting} records wait"
    for (_, partition), end in world.cluster.ends(world.cluster.places(waits.topic)).items():
        world.commit("partner_x", own, partition, end)
    assert _remarks(world, map)["partner_x"] == "it is retiring, and nothing waits for it: its stanza may go"


def test_to_abandon_somebody_who_has_not_left_is_remarked(world: World) -> None:
    found = _remarks(world, world.settings.topology, "--abandon", "partner_y", "--abandon", "acm")
    assert found == {
        "acm": "--abandon: no partner of that name has left",
        "partner_y": "--abandon: the map still has it, and nothing is abandoned",
    }
