"""Deliveries by key: one of a key at a time, the others of the key behind it, keys in the order in which they came."""

from typing import cast

from streams.runtime.lines import Item, Lines
from streams.runtime.record import Record
from streams.runtime.settle import Tried
from streams.runtime.task import Role, Stream, Task

OWN = Stream("acme.one.v1", 0, Role.OWN)
NOBODYS = cast("Task", None)


def item(key: bytes) -> Item:
    return Item(NOBODYS, Tried(Record((OWN.topic, 0, 0), 0, key, b"", []), key), OWN)


def ready(lines: Lines) -> list[Item]:
    return [lines.pass_over() for _ in range(len(lines.ready))]


def test_the_first_of_each_key_is_ready_and_the_others_stand_behind_it() -> None:
    lines, a1, a2, b1 = Lines(), item(b"a"), item(b"a"), item(b"b")
    for each in (a1, a2, b1):
        lines.join(each)
    assert ready(lines) == [a1, b1]
    lines.leave(a1)
    assert ready(lines) == [a2]
    lines.leave(a2)
    lines.leave(b1)
    assert (lines.busy, lines.behind) == ({}, {})


def test_one_that_leaves_from_behind_does_not_come_forward_later() -> None:
    lines, a1, a2, a3 = Lines(), item(b"a"), item(b"a"), item(b"a")
    for each in (a1, a2, a3):
        lines.join(each)
    lines.leave(a2)
    lines.leave(a1)
    assert ready(lines) == [a1, a3]


def test_one_that_left_already_may_leave_again() -> None:
    lines, a1, a2 = Lines(), item(b"a"), item(b"a")
    lines.join(a1)
    lines.join(a2)
    lines.leave(a1)
    lines.leave(a1)
    assert lines.busy == {b"a": a2}


def test_one_that_is_sent_again_goes_behind_those_that_are_ready_and_stands_there_once() -> None:
    lines, a1, b1 = Lines(), item(b"a"), item(b"b")
    lines.join(a1)
    lines.join(b1)
    assert lines.pass_over() is a1
    lines.make_ready(a1)
    lines.make_ready(a1)
    assert ready(lines) == [b1, a1]


def test_the_oldest_of_a_queue_overtakes_the_unsent_one_of_its_key() -> None:
    lines, a2, a1, a3 = Lines(), item(b"a"), item(b"a"), item(b"a")
    lines.join(a2)
    lines.join(a3)
    lines.overtake(a1)
    assert lines.busy == {b"a": a1}
    lines.leave(a1)
    assert lines.busy == {b"a": a2}
    lines.leave(a2)
    assert lines.busy == {b"a": a3}


def test_those_put_aside_come_back_when_their_key_is_free() -> None:
    lines, a1, b1 = Lines(), item(b"a"), item(b"b")
    for each in (a1, b1):
        lines.join(each)
        lines.put_aside()
    lines.bring_back({b"a"})
    assert ready(lines) == [b1]
    lines.bring_back(())
    assert ready(lines) == [a1]


def test_one_put_aside_that_has_left_meanwhile_does_not_come_back() -> None:
    lines, a1 = Lines(), item(b"a")
    lines.join(a1)
    lines.put_aside()
    lines.leave(a1)
    lines.bring_back(())
    assert ready(lines) == []
