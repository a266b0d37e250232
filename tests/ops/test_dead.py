"""Dead letters from the command line: found, explained, sent round again once."""

import pytest

from streams.contracts.envelope import facts_of
from tests.ops.byhand import World


def test_open_letters_are_listed_with_their_reason(world: World) -> None:
    letter = world.bury("partner_x", world.write("lead.accepted.v1", b"listed"), error_message="the partner said no")
    found = [row for row in world.json("dead", "list", "--key", "listed")]
    assert [(row["letter"], row["group"], row["state"], row["error_message"]) for row in found] == [
        (letter, "partner_x", "buried", "the partner said no")
    ]
    assert letter in world.run("dead", "list").stdout


def test_letters_are_chosen_by_group_fingerprint_key_and_time(world: World) -> None:
    source = world.write("lead.accepted.v1", b"chosen")
    world.bury("partner_x", source, fingerprint="aaaa", last_failed_at_ms=1_000_000)
    world.bury("partner_y", source, fingerprint="bbbb")
    chosen = ["--key", "chosen"]
    assert [row["group"] for row in world.json("dead", "list", *chosen, "--group", "partner_x")] == ["partner_x"]
    assert [row["group"] for row in world.json("dead", "list", *chosen, "--fingerprint", "bbbb")] == ["partner_y"]
    assert [row["group"] for row in world.json("dead", "list", *chosen, "--since", "1h")] == ["partner_y"]
    assert [row["group"] for row in world.json("dead", "list", *chosen, "--until", "1980-01-01")] == ["partner_x"]
    assert world.json("dead", "list", *chosen, "--fingerprint", "cccc") == []


def test_a_letter_that_was_replayed_is_listed_only_when_asked_for(world: World) -> None:
    source = world.write("lead.accepted.v1", b"closed")
    letter = world.bury("partner_x", source)
    world.note("partner_x", "open", letter.encode(), None, source.partition)
    assert world.json("dead", "list", "--key", "closed") == []
    assert [row["state"] for row in world.json("dead", "list", "--key", "closed", "--all")] == ["closed"]


def test_a_letter_that_died_again_counts_once_with_its_last_attempts(world: World) -> None:
    source = world.write("lead.accepted.v1", b"again")
    world.bury("partner_x", source, attempts=3)
    world.bury("partner_x", source, attempts=6)
    assert [row["attempts"] for row in world.json("dead", "list", "--key", "again", "--all")] == [6]


def test_show_has_the_failure_and_what_the_record_says(world: World) -> None:
    source = world.write("lead.accepted.v1", b"shown", b'{"lead_id": "shown"}', headers=[("ce_id", b"42")])
    letter = world.bury("partner_x", source, stack="Traceback: line 7")
    shown = world.json("dead", "show", letter)
    assert shown["stack"] == "Traceback: line 7"
    assert shown["headers"] == ["ce_id: 42"]
    assert shown["value"] == {"lead_id": "shown"}
    assert "line 7" in world.run("dead", "show", letter).stdout


def test_an_unknown_letter_is_named_and_fails(world: World) -> None:
    result = world.run("dead", "show", "lead.accepted.v1-0-999")
    assert (result.exit_code, "lead.accepted.v1-0-999" in result.stderr) == (1, True)


def test_a_replay_writes_the_untouched_letter_to_its_own_control_partition(world: World) -> None:
    source = world.write("lead.accepted.v1", b"sent", b"raw \x00 bytes", headers=[("mine", b"1"), ("mine", None)])
    letter = world.bury("partner_y", source, parked=True)
    result = world.run("dead", "replay", letter)
    assert result.exit_code == 0, result.output
    [command] = [one for one in world.commands("partner_y") if one.key == b"sent"]
    assert (command.partition, command.value) == (source.partition, b"raw \x00 bytes")
    assert command.headers[:2] == [("mine", b"1"), ("mine", None)]
    assert command.headers[-1] == ("xd_command", b"replay")
    facts = facts_of(command.headers)
    assert facts is not None and f"{facts.topic}-{facts.partition}-{facts.offset}" == letter
    assert "come out of turn" not in result.stdout
    assert "no worker of partner_y runs" in result.stdout


def test_a_closed_letter_is_not_sent_again_and_the_command_says_so(world: World) -> None:
    source = world.write("lead.accepted.v1", b"twice")
    letter = world.bury("partner_x", source)
    world.note("partner_x", "open", letter.encode(), None, source.partition)
    result = world.run("dead", "replay", letter)
    assert (result.exit_code, "no longer open" in result.stdout) == (0, True)
    assert [one for one in world.commands("partner_x") if one.key == b"twice"] == []


def test_buried_letters_are_said_to_come_out_of_turn(world: World) -> None:
    letter = world.bury("partner_x", world.write("lead.accepted.v1", b"buried"))
    assert "come out of turn" in world.run("dead", "replay", letter).stdout


def test_a_dry_run_sends_nothing(world: World) -> None:
    letter = world.bury("partner_x", world.write("lead.accepted.v1", b"dry"))
    result = world.run("dead", "replay", letter, "--dry-run")
    assert "would ask to replay 1" in result.stdout
    assert [one for one in world.commands("partner_x") if one.key == b"dry"] == []


def test_many_are_replayed_in_the_order_of_the_log(world: World) -> None:
    sources = [world.write("lead.accepted.v1", b"order", bytes([n])) for n in range(3)]
    for source in reversed(sources):
        world.bury("partner_x", source, fingerprint="many")
    assert world.run("dead", "replay", "--fingerprint", "many", "--rate", "0").exit_code == 0
    assert [one.value for one in world.commands("partner_x") if one.key == b"order"] == [b"\x00", b"\x01", b"\x02"]


def test_a_record_dead_in_two_groups_needs_its_group_named(world: World) -> None:
    source = world.write("lead.accepted.v1", b"both")
    letter = world.bury("partner_x", source)
    world.bury("partner_y", source)
    result = world.run("dead", "replay", letter)
    assert (result.exit_code, "--group" in result.stderr) == (2, True)
    assert world.run("dead", "replay", letter, "--group", "partner_y").exit_code == 0


def test_drop_asks_first(world: World) -> None:
    letter = world.bury("partner_x", world.write("lead.accepted.v1", b"dropped"))
    assert world.run("dead", "drop", letter).exit_code == 1
    assert [one for one in world.commands("partner_x") if one.key == b"dropped"] == []
    assert world.run("dead", "drop", letter, "--yes").exit_code == 0
    assert [one.headers[-1] for one in world.commands("partner_x") if one.key == b"dropped"] == [
        ("xd_command", b"drop")
    ]


@pytest.mark.parametrize("args", [["replay"], ["replay", "a-0-1", "--all"], ["list", "--since", "soon"]])
def test_wrong_use_is_told_apart_from_failure(world: World, args: list[str]) -> None:
    assert world.run("dead", *args).exit_code == 2


def test_an_unknown_group_names_those_that_there_are(world: World) -> None:
    result = world.run("dead", "list", "--group", "partner_z")
    assert (result.exit_code, "partner_y" in result.stderr) == (2, True)


def test_keys_that_wait_are_listed_with_what_they_wait_for(world: World) -> None:
    source = world.write("order.placed.v1", b"stuck")
    letter = world.bury("matching", source, parked=True)
    held = {"id": letter, "lane": 0, "attempts": 3, "first": 0, "next": 2, "since_ms": 1_700_000_000_000}
    world.note("matching", "held", b"stuck", held, source.partition)
    [row] = world.json("parked", "--group", "matching")
    assert (row["key"], row["behind"], row["waiting"], row["since_ms"]) == ("stuck", letter, 2, 1_700_000_000_000)
    assert "parked in matching.dead" in row["where"]
