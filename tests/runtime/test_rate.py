"""`rate`: no more a second than the channel may have, in order, and a backlog drains at just that rate."""

from dataclasses import replace
from typing import Any

from streams.domain.failure import Unreachable
from tests.runtime.partner import Partner
from tests.runtime.rig_map import CHANNEL

DOWN = Unreachable(reason="connection refused")


def partner(rate: float, **more: Any) -> Partner:
    return Partner(channel=replace(CHANNEL, rate=rate), **more)


def pass_time(rig: Partner, seconds: float) -> None:
    """Turn after turn; every delivery ends well."""
    for _ in range(round(seconds * 20)):
        rig.later(0.05)
        rig.land(*rig.flying)


def test_a_burst_goes_out_at_the_rate() -> None:
    rig = partner(10.0)
    rig.tell(*(f"{key}1" for key in "abcdefghijklmnopqrstuvwxyz"))
    rig.turn()
    assert len(rig.sent) == 1
    pass_time(rig, 1.0)
    assert 10 <= len(rig.sent) <= 12
    pass_time(rig, 1.6)
    assert rig.sent == [f"{key}1" for key in "abcdefghijklmnopqrstuvwxyz"]


def test_a_worker_with_some_of_the_tasks_has_that_part_of_the_rate() -> None:
    rig = partner(20.0, partitions=2)
    assert rig.window is not None
    rig.window.drop(rig.tasks.pop())
    rig.tell(*(f"{key}1" for key in "abcdefghijklmnopqrstuvwxyz"))
    rig.turn()
    pass_time(rig, 1.0)
    assert 10 <= len(rig.sent) <= 13


def test_it_says_when_more_may_go() -> None:
    rig = partner(10.0)
    rig.tell("a1")
    rig.turn()
    assert rig.window is not None and rig.window.next_at is None
    rig.tell("b1")
    rig.turn()
    assert rig.window.next_at is not None and 0 < (rig.window.next_at - rig.now).total_seconds() <= 0.1


def test_after_an_outage_the_backlog_drains_at_the_rate_in_order_and_the_newest_stand_behind_it() -> None:
    rig = partner(10.0)
    rig.tell("a1", "b1", "c1")
    rig.turn()
    for _ in range(100):
        rig.land(*rig.flying, result=DOWN)
        rig.later(0.05)
        if rig.state == "down":
            break
    assert rig.state == "down"
    rig.tell("a2", "b2", "a3", "c2", "a4", "b3")
    rig.start()
    rig.courier.flying.clear()
    tried = len(rig.sent)
    rig.later(0.1)
    rig.turn()
    assert rig.state == "down"
    rig.tell("a5", "c3")
    pass_time(rig, 6.0)
    rig.turns()
    assert rig.state == "up"
    delivered = rig.sent[tried:]
    for key in "abc":
        told = [reason for reason in delivered if reason[0] == key]
        assert told == sorted(told) and len(told) == {"a": 5, "b": 3, "c": 3}[key]
    assert rig.committed() == 11
