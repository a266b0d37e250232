"""`dedupe`: an event that comes again after it was done has no second effect, whatever befell the first."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.domain.effects import Publish
from streams.domain.events import OrderCancelled, OrderScreened
from streams.domain.failure import Poison, Unreachable
from streams.runtime.tables import DONE
from tests.runtime.partner import Partner
from tests.runtime.rig import Rig
from tests.runtime.rig_map import BURY, ONE, PARK, TWO, facts, noted, own, stanza
from tests.runtime.rig_map import DONE as NOTED

DAY = timedelta(days=1)
BROKEN, NEVER = RuntimeError("broken"), Poison("never")


def subscriber(ladder: Any = PARK, **more: Any) -> Rig:
    return Rig(stanza(ladder, dedupe=DAY, **more))


def bring(rig: Rig, *ids: str, topic: str = ONE) -> None:
    """Events with these ids arrive, again or for the first time; the key is an id's first letter."""
    for id in ids:
        value = rig.codec.encode(topic, OrderCancelled(order_id=id[0], reason=id))
        rig.append((topic, 0), id[0].encode(), value, [("ce_id", id.encode())])


def bring_under(rig: Rig, id: str, *keys: str) -> None:
    """One event, as a producer repeats it that changes the key between."""
    for key in keys:
        value = rig.codec.encode(own(ONE), OrderCancelled(order_id=key, reason=f"{key}{id}"))
        rig.append((own(ONE), 0), key.encode(), value, [("ce_id", id.encode())])


def remembered(rig: Rig) -> int:
    return len(list(rig.store.scan(0, DONE)))


def test_what_comes_again_is_counted_and_stepped_over() -> None:
    rig = subscriber()
    bring(rig, "a1", "b1", "a1")
    assert rig.turn().counts["duplicates"] == 1
    bring(rig, "b1")
    assert rig.turn().counts["duplicates"] == 1
    assert (rig.done, rig.task.streams[ONE].committed) == (["a1", "b1"], 4)


def test_without_dedupe_nothing_is_remembered() -> None:
    rig = Rig(stanza(PARK))
    bring(rig, "a1", "a1")
    rig.turn()
    assert (rig.done, remembered(rig)) == (["a1", "a1"], 0)


def test_it_is_known_after_a_death_and_unknown_after_an_abort() -> None:
    rig = subscriber()
    bring(rig, "a1")
    rig.turn(aborts=True)
    rig.turn()
    rig.start()
    bring(rig, "a1")
    rig.turn()
    assert rig.done == ["a1"]


def test_one_id_in_two_topics_is_two_events() -> None:
    rig = subscriber()
    bring(rig, "a1")
    bring(rig, "a1", topic=TWO)
    rig.turn()
    assert rig.done == ["a1", "a1"]


def test_a_record_without_an_id_is_known_by_its_place_only() -> None:
    rig = subscriber()
    rig.say(ONE, "a", "a1", "a1")
    rig.turn()
    assert rig.done == ["a1", "a1"]


@pytest.mark.parametrize("order", ["key", "none"])
def test_what_comes_again_while_the_first_is_in_a_lane_follows_it(order: str) -> None:
    rig = subscriber(order=order)
    rig.tells["a1"] = [BROKEN]
    bring(rig, "a1", "a1")
    rig.turns()
    assert (rig.done, rig.tries) == ([], ["a1"])
    rig.later(1)
    rig.turns()
    assert (rig.done, rig.tries) == (["a1"], ["a1", "a1"])


@pytest.mark.parametrize("ladder", [PARK, BURY])
def test_a_dead_letter_is_not_done_and_its_replay_is_tried(ladder: Any) -> None:
    rig = subscriber(ladder)
    rig.tells["a1"] = [NEVER]
    bring(rig, "a1")
    rig.turns()
    rig.command("replay", rig.dead[0])
    rig.turns()
    bring(rig, "a1")
    rig.turns()
    assert rig.done == ["a1"]


def test_a_buried_one_that_comes_again_is_done_then_and_its_replay_adds_nothing() -> None:
    rig = subscriber(BURY)
    rig.tells["a1"] = [NEVER]
    bring(rig, "a1", "a1")
    rig.turns()
    rig.command("replay", rig.dead[0])
    rig.turns()
    assert (rig.done, rig.task.keys.open, rig.task.keys.held) == (["a1"], {}, {})


@pytest.mark.parametrize("ladder", [PARK, BURY])
def test_a_dropped_one_is_done(ladder: Any) -> None:
    rig = subscriber(ladder)
    rig.tells["a1"] = [NEVER]
    bring(rig, "a1")
    rig.turns()
    rig.command("drop", rig.dead[0])
    rig.turns()
    bring(rig, "a1")
    rig.turns()
    assert (rig.done, rig.tries) == ([], ["a1"])


def test_append_times_tell_what_is_the_same_event() -> None:
    rig = subscriber()
    bring(rig, "a1")
    rig.later(DAY.total_seconds() - 1)
    bring(rig, "a1")
    rig.turn()
    rig.later(1)
    bring(rig, "a1")
    rig.turn()
    assert rig.done == ["a1", "a1"]


def test_what_is_old_is_forgotten_a_few_at_a_time() -> None:
    rig = subscriber()
    bring(rig, *(f"a{number}" for number in range(500)))
    rig.turns()
    assert remembered(rig) == 500
    rig.later(2 * DAY.total_seconds())
    rig.turn()
    left = remembered(rig)
    assert 0 < 500 - left <= 500 // 2
    rig.turns(10)
    assert remembered(rig) == 0


def test_nothing_is_forgotten_while_its_repetition_may_still_be_unread() -> None:
    rig = Partner(dedupe=DAY)
    bring(rig, "a1", topic=own(ONE))
    rig.turn()
    rig.land("a1")
    rig.command("pause")
    rig.turn()
    bring(rig, "a1", "a2", topic=own(ONE))
    for _ in range(10):
        rig.later(DAY.total_seconds())
        rig.turn()
    rig.command("resume")
    rig.turns()
    assert rig.sent == ["a1", "a2"]


def test_a_delivery_is_not_repeated_whether_the_first_is_in_flight_landed_or_settled() -> None:
    rig = Partner(dedupe=DAY)
    bring(rig, "z1", "a1", "a1", topic=own(ONE))
    rig.turn()
    assert rig.flying == ["z1", "a1"]
    rig.land("a1")
    bring(rig, "a1", topic=own(ONE))
    rig.turn()
    rig.land("z1")
    rig.turns()
    assert (rig.sent, rig.committed()) == (["z1", "a1"], 4)


def test_what_landed_and_was_committed_is_not_sent_again_after_a_death() -> None:
    rig = Partner(dedupe=DAY)
    bring(rig, "z1", "a1", topic=own(ONE))
    rig.turn()
    rig.land("a1")
    rig.start()
    rig.turns()
    assert rig.sent == ["z1", "a1", "z1"]


def test_a_delivery_that_asked_for_more_is_done_when_that_is_committed() -> None:
    rig = Partner(dedupe=DAY)
    bring(rig, "z1", "a1", "a1", topic=own(ONE))
    rig.turn()
    heard = OrderScreened(order_id="a", is_suspicious=False, reasons=["heard"])
    rig.land("a1", result=[Publish(heard, to=NOTED)])
    assert rig.flying == ["z1"]
    rig.land("z1")
    rig.turns()
    assert (rig.sent, rig.done) == (["z1", "a1"], ["heard"])


def test_events_of_one_id_are_one_queue_where_keys_are_none() -> None:
    rig = Partner(dedupe=DAY, order="none")
    bring(rig, "a1", "a2", "a1", topic=own(ONE))
    rig.turn()
    assert rig.flying == ["a1", "a2"]
    rig.land("a1", "a2")
    rig.turns()
    assert rig.sent == ["a1", "a2"]


def test_an_event_on_its_way_does_not_go_out_under_another_key_too() -> None:
    rig = Partner(dedupe=DAY)
    bring_under(rig, "1", "a", "b")
    bring_under(rig, "2", "b")
    rig.turn()
    assert rig.flying == ["a1"], "b's own next one stands behind it"
    rig.land("a1")
    rig.turn()
    rig.land("b2")
    assert (rig.sent, rig.committed(), rig.turn().counts["duplicates"]) == (["a1", "b2"], 3, 0)


@pytest.mark.parametrize("end", [BROKEN, Unreachable(), noted("heard")])
def test_under_another_key_it_waits_for_no_longer_than_the_other_is_on_its_way(end: Any) -> None:
    rig = Partner(dedupe=DAY)
    bring(rig, "b9", topic=own(ONE))
    rig.turn()
    bring_under(rig, "1", "b", "a")
    rig.turn()
    assert rig.flying == ["b9", "a1"], "the first in the log stands behind another one of its key"
    rig.land("b9")
    assert rig.flying == ["a1"]
    rig.land("a1", result=end)
    assert rig.flying == ["b1"], "neither waits for the other's commit"
    rig.land("b1")
    rig.turns()
    assert rig.committed() == 3


def test_one_that_waited_in_its_keys_queue_waits_for_the_event_under_another_key_and_then_goes() -> None:
    rig = Partner(dedupe=DAY)
    bring(rig, "b9", topic=own(ONE))
    rig.turn()
    rig.land("b9", result=BROKEN)
    bring_under(rig, "1", "b")
    rig.later(1)
    rig.turns()
    bring_under(rig, "1", "a")
    rig.turn()
    assert rig.flying == ["b9", "a1"]
    rig.land("b9")
    rig.turns()
    assert rig.flying == ["a1"], "it runs on no further than that"
    rig.land("a1", result=BROKEN)
    assert rig.flying == ["b1"]
    rig.land("b1")
    rig.later(1)
    rig.turns()
    assert (rig.sent, rig.task.keys.held) == (["b9", "b9", "a1", "b1"], {})


class Redeliveries(RuleBasedStateMachine):
    """Events come again at any time, fail, die and are replayed or dropped; turns abort and workers die."""

    @initialize(ladder=st.sampled_from([PARK, BURY]), order=st.sampled_from(["key", "none"]))
    def begin(self, ladder: Any, order: str) -> None:
        self.rig = subscriber(ladder, order=order)

    @rule(id=st.sampled_from(["a1", "a2", "b1", "b2"]), fails=st.sampled_from([None, None, BROKEN, NEVER]))
    def come(self, id: str, fails: Exception | None) -> None:
        self.rig.tells[id] += [fails] if fails else []
        bring(self.rig, id)

    @rule(aborts=st.sampled_from([False, False, False, True]))
    def turn(self, aborts: bool) -> None:
        self.rig.turn(aborts=aborts)

    @rule(seconds=st.sampled_from([1, 4]))
    def pass_time(self, seconds: int) -> None:
        self.rig.later(seconds)

    @rule(verb=st.sampled_from(["replay", "drop"]), number=st.integers(0, 5))
    def command(self, verb: str, number: int) -> None:
        if self.rig.dead:
            self.rig.command(verb, self.rig.dead[number % len(self.rig.dead)])

    @rule()
    def die(self) -> None:
        self.rig.start()

    @invariant()
    def no_event_is_done_twice(self) -> None:
        if hasattr(self, "rig"):
            assert len(self.rig.done) == len(set(self.rig.done))

    def teardown(self) -> None:
        """All that came is read, nothing waits, and what is not done was dropped or buried."""
        if not hasattr(self, "rig"):
            return
        self.rig.tells.clear()
        for _ in range(40):
            for letter in self.rig.dead:
                self.rig.command("replay", letter)
            self.rig.turn()
            self.rig.later(4)
        self.no_event_is_done_twice()
        assert (self.rig.task.keys.held, self.rig.task.keys.open) == ({}, {})
        buried = {self.rig.reason(letter) for letter in self.rig.dead if facts(letter)}
        assert {self.rig.reason(record) for record in self.rig.log[ONE, 0]} <= {*self.rig.done, *buried}


TestRedeliveries = Redeliveries.TestCase
TestRedeliveries.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
