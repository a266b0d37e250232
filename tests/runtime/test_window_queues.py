"""Deliveries and what waits behind a failed one: each key in its order, nothing lost, nobody delayed."""

from streams.domain.failure import Poison
from tests.runtime.partner import Partner
from tests.runtime.rig_map import BURY, ONE

REFUSED = RuntimeError("400")


def test_a_refused_delivery_climbs_the_ladder_and_its_key_waits() -> None:
    rig = Partner()
    rig.tell("a1", "a2", "b1")
    rig.turn()
    rig.land("a1", "b1", result=REFUSED)
    assert rig.lane(1) == ["a1", "b1"]
    rig.turn()
    assert rig.flying == []
    rig.later(1)
    rig.turn()
    assert rig.flying == ["a1", "b1"]
    rig.land("a1")
    rig.turn()
    assert rig.flying == ["b1", "a2"]


def test_a_record_that_arrives_while_its_keys_queue_runs_on_is_delivered_in_its_turn() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=REFUSED)
    rig.later(1)
    rig.turn()
    rig.tell("a2", "a3")
    rig.turns()
    assert rig.flying == ["a1"]
    for reason in ("a1", "a2", "a3"):
        rig.land(reason)
        rig.turn()
    assert rig.sent == ["a1", "a1", "a2", "a3"]
    assert rig.task.keys.held == {}


def test_a_queue_runs_on_without_a_turn_of_rest_between_its_records() -> None:
    rig = Partner()
    rig.tell("a1", "a2", "a3")
    rig.turn()
    rig.land("a1", result=REFUSED)
    rig.later(1)
    rig.turn()
    rig.land("a1")
    assert rig.flying == ["a2"]
    rig.land("a2")
    assert rig.flying == ["a3"]


def test_a_translation_that_fails_while_its_key_is_being_delivered_is_not_lost() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.tells["a9"] = [REFUSED]
    rig.say(ONE, "a", "a9")
    rig.turn()
    rig.land("a1")
    rig.later(1)
    rig.turns(2)
    assert rig.tries == ["a9", "a9"]
    assert rig.flying == ["a9"]


def test_a_delivery_that_fails_while_a_translation_of_its_key_waits_is_not_lost_either() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.tells["a9"] = [REFUSED]
    rig.say(ONE, "a", "a9")
    rig.turn()
    rig.land("a1", result=REFUSED)
    for _ in range(6):
        rig.later(1)
        rig.turns(2)
        if rig.flying:
            rig.land(*rig.flying)
    assert rig.tries == ["a9", "a9"]
    assert rig.sent.count("a1") == 2
    assert rig.sent[-1] == "a9"
    assert rig.task.keys.held == {}


def test_a_replayed_letter_and_a_delivery_of_its_key_in_flight_do_not_meet() -> None:
    rig = Partner(ladder=BURY)
    rig.tells["x"] = []
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=Poison("never"))
    rig.tell("a2")
    rig.turn()
    rig.command("replay", rig.dead[0])
    rig.tell("a3")
    rig.turns()
    assert rig.flying == ["a2"]
    rig.land("a2")
    rig.turn()
    delivered = []
    while rig.flying:
        delivered += rig.flying
        rig.land(*rig.flying)
        rig.turn()
    assert delivered == ["a1", "a3"]
    assert rig.task.keys.held == {}


def test_a_key_that_is_freed_is_delivered_at_once_though_another_hangs() -> None:
    rig = Partner()
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=Poison("never"))
    rig.tell("z1", "a2")
    rig.turn()
    rig.command("drop", rig.dead[0])
    rig.turns()
    assert rig.flying == ["z1", "a2"]


def test_a_retry_goes_ahead_though_another_key_hangs() -> None:
    rig = Partner()
    rig.tell("z1", "a1", "a2")
    rig.turn()
    rig.land("z1", result=REFUSED)
    rig.land("a1", result=REFUSED)
    rig.tell("y1", "a3")
    rig.later(1)
    rig.turn()
    rig.turn()
    assert sorted(rig.flying) == ["a1", "y1", "z1"]


def test_a_waiting_table_that_is_full_stops_the_partners_own_topic_but_not_its_lanes() -> None:
    rig = Partner(max_waiting_bytes=1)
    rig.tell("a1")
    rig.turn()
    rig.land("a1", result=REFUSED)
    rig.tell(*(f"a{n}" for n in range(2, 9)))
    rig.turns()
    assert sum(rig.task.keys.queue_lengths()) <= 1
    rig.later(1)
    for _ in range(30):
        rig.turn()
        if rig.flying:
            rig.land(*rig.flying)
    assert rig.sent == ["a1", *(f"a{n}" for n in range(1, 9))]
