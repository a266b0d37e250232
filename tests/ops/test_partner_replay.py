"""partners replay from the command line: what it finds, what it would ask, and what it asks."""

from tests.ops.byhand import World

TOPIC = "partner_x.lead.accepted.v1"


def test_it_asks_for_what_was_delivered_and_shows_it_first(world: World) -> None:
    told = [world.write(TOPIC, b"again", value) for value in (b"one", b"two")]
    world.commit("partner_x", TOPIC, told[0].partition, told[1].offset + 1)
    ahead = world.write(TOPIC, b"again", b"not delivered yet")
    assert ahead.partition == told[0].partition
    [shown] = world.json("partners", "replay", "partner_x", "--key", "again", "--dry-run")
    assert (shown["topic"], shown["records"], shown["asked"]) == (TOPIC, 2, False)
    assert [one for one in world.commands("partner_x") if one.key == b"again"] == []
    done = world.run("partners", "replay", "partner_x", "--key", "again", "--rate", "0")
    assert (done.exit_code, "asked partner_x to deliver these 2 again\n" in done.stdout) == (0, True)
    asked = [one for one in world.commands("partner_x") if one.key == b"again"]
    assert [(one.partition, one.value, one.headers[-1]) for one in asked] == [
        (told[0].partition, value, ("xd_command", b"again")) for value in (b"one", b"two")
    ]


def test_dead_letters_and_what_waits_are_left_out(world: World) -> None:
    dead, waits, had = (world.write(TOPIC, b"partly", value) for value in (b"dead", b"waits", b"had"))
    world.commit("partner_x", TOPIC, dead.partition, had.offset + 1)
    world.bury("partner_x", dead)
    world.note("partner_x", "waiting", b"partly\0" + bytes(8), {
        "topic": TOPIC, "partition": waits.partition, "offset": waits.offset, "timestamp": 0,
    }, waits.partition)  # fmt: skip
    [shown] = world.json("partners", "replay", "partner_x", "--key", "partly", "--dry-run")
    assert shown["records"] == 1


def test_times_choose_and_nothing_is_no_error(world: World) -> None:
    timed = world.write(TOPIC, b"timed", b"1")
    world.commit("partner_x", TOPIC, timed.partition, timed.offset + 1)
    assert world.json("partners", "replay", "partner_x", "--key", "timed", "--until", "1980-01-01") == []
    assert "nothing that is meant" in world.run("partners", "replay", "partner_x", "--until", "1980-01-01").stdout


def test_it_must_be_told_what_and_whose(world: World) -> None:
    assert world.run("partners", "replay", "partner_x").exit_code == 2
    unknown = world.run("partners", "replay", "matching", "--all")
    assert (unknown.exit_code, "partner_x, partner_y" in unknown.stderr) == (2, True)
