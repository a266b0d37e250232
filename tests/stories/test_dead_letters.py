"""Check 5: dead letters are listed, shown, replayed and dropped; a replay runs only what failed, and acts once."""

from collections.abc import Iterator
from typing import Any

import pytest

from streams.contracts import names
from streams.contracts.envelope import effect_id
from tests.flow import Flow, placed, small, under_orders
from tests.worker import until

ORDERS, RECEIPTS = "order.placed.v1", "notification.receipt.v1"
KEYS = ("one", "two", "three", "four")


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """Every order has failed in notifications, which parks, and in analytics, which buries; `one` came twice."""
    modules = {
        **under_orders("notifications", "request_receipt", "streams/subscribers/notifications.py"),
        **under_orders("analytics", "count", "streams/subscribers/analytics.py"),
    }
    wanted = small(delays=["200ms"])
    wanted["contexts"]["notifications"]["subscribers"]["notifications"]["retry"] = "quick"
    with Flow(broker, tmp_path_factory.mktemp("dead"), wanted, modules) as flow:
        fail(flow)
        flow.send(*placed(*KEYS, "one"))
        flow.run("notifications", "analytics").wait_ready()
        until(lambda: len(flow.letters("notifications")) == len(KEYS), "dead letters in notifications")
        until(lambda: len(flow.letters("analytics")) == len(KEYS) + 1, "dead letters in analytics")
        yield flow


def fail(flow: Flow) -> None:
    flow.tell({"app": "notifications", "do": "raise"}, {"app": "analytics", "do": "raise"})


def letters(flow: Flow, group: str, *more: str) -> dict[str, dict[str, Any]]:
    """What `dead list` says of a group, by key."""
    return {row["key"]: row for row in flow.json("dead", "list", "--group", group, *more)}


def receipts(flow: Flow, key: str) -> list[dict[str, bytes | None]]:
    """The headers of this order's receipts."""
    return [dict(record.headers) for record in flow.records(RECEIPTS) if record.key == key.encode()]


def test_they_are_listed_with_what_happened(flow: Flow) -> None:
    parked, buried = letters(flow, "notifications"), letters(flow, "analytics")
    assert set(parked) == set(buried) == set(KEYS)
    assert {row["state"] for row in parked.values()} == {"parked: its key waits"}
    assert {row["state"] for row in buried.values()} == {"buried"}
    same = {(row["error_type"], row["attempts"], row["stage"], row["fingerprint"]) for row in parked.values()}
    assert [found[:3] for found in same] == [("RuntimeError", 2, "handle")]
    assert [row["key"] for row in flow.json("dead", "list", "--group", "notifications", "--key", "two")] == ["two"]
    assert flow.json("dead", "list", "--fingerprint", "nothing-like-it") == []


def test_one_is_shown_whole(flow: Flow) -> None:
    letter = letters(flow, "notifications")["two"]["letter"]
    shown = flow.cli("dead", "show", letter, "--group", "notifications")
    assert shown.returncode == 0, shown.stderr
    for text in ("RuntimeError", "told to fail", "Traceback", "ce_id", "ce_type: order.placed.v1", "toys"):
        assert text in shown.stdout
    ambiguous = flow.cli("dead", "show", letter)
    assert (ambiguous.returncode, "--group" in ambiguous.stderr) == (2, True)


def test_what_waits_behind_a_parked_one_is_told(flow: Flow) -> None:
    waiting = {row["key"]: row["waiting"] for row in flow.json("parked", "--group", "notifications")}
    assert waiting == {"one": 1, "two": 0, "three": 0, "four": 0}


def test_a_dry_run_asks_for_nothing(flow: Flow) -> None:
    assert {row["asked"] for row in flow.json("dead", "replay", "--all", "--dry-run")} == {False}
    assert flow.records(names.control("notifications")) == []


def test_a_replay_that_fails_again_is_one_letter_with_more_attempts(flow: Flow) -> None:
    flow.cli("dead", "replay", "--group", "notifications", "--key", "two")
    until(lambda: letters(flow, "notifications").get("two", {"attempts": 0})["attempts"] > 2, "the letter is back")
    assert letters(flow, "notifications")["two"]["attempts"] == 4, "a replay climbs the ladder again"
    assert len(letters(flow, "notifications", "--all")) == len(KEYS)


def test_a_replay_runs_only_the_failing_handler_and_keeps_the_id(flow: Flow) -> None:
    flow.tell()
    calls = len(flow.calls("analytics"))
    letter = letters(flow, "notifications")["two"]["letter"]
    flow.cli("dead", "replay", letter, "--group", "notifications")
    (receipt,) = until(lambda: receipts(flow, "two"), "the receipt")
    (order,) = [dict(record.headers) for record in flow.records(ORDERS) if record.key == b"two"]
    cause = (order["ce_id"] or b"").decode()
    assert receipt["ce_causationid"] == order["ce_id"]
    assert receipt["ce_id"] == effect_id("notifications", cause, 0).encode()
    assert len(flow.calls("analytics")) == calls
    assert "two" not in letters(flow, "notifications")


def test_a_replay_asked_for_twice_acts_once(flow: Flow) -> None:
    letter = letters(flow, "notifications")["three"]["letter"]
    flow.cli("dead", "replay", letter, "--group", "notifications")
    until(lambda: receipts(flow, "three"), "the receipt")
    again = flow.cli("dead", "replay", letter, "--group", "notifications")
    assert "no longer open" in again.stdout
    for command in [record for record in flow.records(names.control("notifications")) if record.key == b"three"]:
        flow.write(command.topic, command.value, command.key, partition=command.partition, headers=command.headers)
    flow.wait_idle("notifications")
    assert len(receipts(flow, "three")) == 1


def test_a_dropped_one_never_comes_again_and_frees_its_key(flow: Flow) -> None:
    dropped = flow.cli("dead", "drop", "--group", "notifications", "--key", "four", "--yes")
    assert dropped.returncode == 0, dropped.stderr
    until(lambda: "four" not in letters(flow, "notifications"), "it is closed")
    assert receipts(flow, "four") == []
    flow.send(*placed("four"))
    until(lambda: receipts(flow, "four"), "the next order of this key is handled")


def test_replaying_all_lets_queues_run_on_in_their_order(flow: Flow) -> None:
    done = flow.cli("dead", "replay", "--all")
    assert "out of turn" in done.stdout, "those that were buried say so"
    until(lambda: len(receipts(flow, "one")) == 2, "both receipts of the key that waited")
    orders = [dict(record.headers)["ce_id"] for record in flow.records(ORDERS) if record.key == b"one"]
    assert [receipt["ce_causationid"] for receipt in receipts(flow, "one")] == orders
    until(lambda: flow.json("dead", "list") == [], "no letter is open")
    assert flow.json("parked") == []
    assert {call["key"] for call in flow.calls("analytics")[-5:]} == set(KEYS)
