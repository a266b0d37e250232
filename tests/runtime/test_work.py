"""A task's share of a turn, with the real work, settlement and commands over topics that are lists."""

from streams.domain.failure import Poison
from tests.runtime.rig import Rig, facts
from tests.runtime.rig_map import BURY, ONE, PARK, TWO, stanza

BROKEN = RuntimeError("broken")


def test_a_key_without_failures_flows_in_the_order_of_the_log() -> None:
    rig = Rig(stanza())
    rig.say(ONE, "a", "a1", "a2")
    rig.turn()
    assert rig.done == ["a1", "a2"]
    assert rig.task.keys.held == {}


def test_a_failure_makes_its_key_wait_and_no_other() -> None:
    rig = Rig(stanza())
    rig.tells["a1"] = [BROKEN]
    rig.say(ONE, "a", "a1", "a2")
    rig.say(ONE, "b", "b1")
    rig.turn()
    assert (rig.done, rig.lane(1)) == (["b1"], ["a1"])
    rig.later(0.999)
    rig.turns()
    assert rig.done == ["b1"]
    rig.later(0.001)
    rig.turns()
    assert rig.done == ["b1", "a1", "a2"]
    assert rig.task.keys.held == {}


def test_a_key_waits_whatever_the_topic_of_its_later_records() -> None:
    rig = Rig(stanza())
    rig.tells["a1"] = [BROKEN]
    rig.say(ONE, "a", "a1")
    rig.turn()
    rig.say(TWO, "a", "t2")
    rig.turn()
    rig.later(1)
    rig.turn()
    assert rig.done == ["a1", "t2"]


def test_parked_replayed_dropped() -> None:
    rig = Rig(stanza(PARK))
    rig.tells["a1"] = [Poison("no"), Poison("no")]
    rig.say(ONE, "a", "a1", "a2")
    rig.turns()
    assert rig.done == []
    assert facts(rig.dead[0]).attempts == 1
    rig.command("replay", rig.dead[0])
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert rig.tries == ["a1", "a1"]
    rig.command("drop", rig.dead[1])
    rig.turns()
    assert rig.done == ["a2"]


def test_buried_runs_on() -> None:
    rig = Rig(stanza(BURY))
    rig.tells["a1"] = [Poison("no")]
    rig.say(ONE, "a", "a1", "a2")
    rig.turns()
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert rig.done == ["a2", "a1"]
