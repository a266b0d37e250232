"""What holds for every verb: help with an example, exit codes, errors as one line, where settings come from."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import cli
from streams.verbs.errors import KNOWN
from tests.ops.byhand import World

ROOT = Path(__file__).parents[2]
NOWHERE = {"CROSSDOCK_BROKER": "127.0.0.1:1", "CROSSDOCK_TOPOLOGY": str(ROOT / "topology.yaml")}


def _verbs(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _verbs(inner, (*path, name))
    else:
        yield path


def _real(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "cli.py", *args]
    return subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("verb", list(_verbs()), ids=" ".join)
def test_every_verb_has_help_with_an_example(verb: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*verb, "--help"])
    assert (result.exit_code, f"python cli.py {' '.join(verb)}" in result.output) == (0, True)


def test_the_promised_verbs_are_there() -> None:
    promised = """
        demo; kafka up; kafka down; kafka status; topics plan; topics apply; schemas check; schemas publish; run; feed;
        simulate providers; simulate partner; leads show; leads list; dead list; dead show; dead replay; dead drop;
        parked; partners list; partners pause; partners resume; lag; doctor
    """
    assert {tuple(verb.split()) for verb in promised.split(";")} <= set(_verbs())


def test_help_is_fast_because_it_loads_nothing_that_is_slow() -> None:
    slow = "aiohttp confluent_kafka fastavro faust rich rocksdict yaml"
    probe = f"import cli, sys; print(*[name for name in {slow!r}.split() if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (loaded.returncode, loaded.stdout) == (0, "\n")


NEED_A_BROKER = """
    topics plan; topics apply; schemas check; schemas publish; run; simulate providers; leads list; leads show x; lag;
    dead list; dead replay --all; parked; partners list; partners pause partner_x; doctor; feed topology.yaml
"""


@pytest.mark.parametrize("verb", NEED_A_BROKER.split(";"))
def test_without_a_broker_every_verb_fails_at_once_with_the_next_step(verb: str) -> None:
    began = time.monotonic()
    result = CliRunner().invoke(cli, verb.split(), env=NOWHERE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no answer from Kafka at 127.0.0.1:1" in result.stderr and "kafka up" in result.stderr
    assert result.stderr.count("\n") == 1 and time.monotonic() - began < 5


def test_an_error_shows_no_traceback_and_no_noise() -> None:
    result = _real("lag", **NOWHERE)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: no answer from Kafka") and result.stderr.count("\n") == 1


def test_a_map_with_mistakes_is_told_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("events: {}\nsurprise: 1\n", encoding="utf-8")
    result = _real("lag", "--topology", str(tmp_path / "map.yaml"))
    assert (result.returncode, "map.yaml:2: " in result.stderr, "Traceback" in result.stderr) == (1, True, False)


@pytest.mark.parametrize("args", [["lag", "--topology", "/no/such/map.yaml"], ["nothing"], ["lag", "nobody"], ["feed"]])
def test_wrong_use_exits_with_2(args: list[str]) -> None:
    assert CliRunner().invoke(cli, args, env=NOWHERE).exit_code == 2


@pytest.mark.parametrize("order", [["--broker", "127.0.0.1:2", "lag"], ["lag", "--broker", "127.0.0.1:2"]])
def test_a_flag_before_or_after_the_verb_wins_over_the_environment(order: list[str]) -> None:
    assert "127.0.0.1:2" in CliRunner().invoke(cli, order, env=NOWHERE).stderr


def test_kafka_status_without_a_broker_fails(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["kafka", "status", "--json"], env={"CROSSDOCK_HOME": str(tmp_path)})
    assert (result.exit_code, json.loads(result.stdout)) == (1, None)


def test_topics_and_schemas_tell_what_is_to_do_until_it_is_done(world: World) -> None:
    assert "nothing to do" in world.run("topics", "plan").stdout
    assert {row["state"] for row in world.json("schemas", "publish")} == {"new"}
    assert {row["state"] for row in world.json("schemas", "check")} == {"unchanged"}


def test_a_table_in_a_pipe_is_not_folded(world: World) -> None:
    source = world.write("lead.accepted.v1", b"k" * 200)
    world.bury("partner_x", source)
    assert "k" * 200 in world.run("dead", "list").stdout


@pytest.mark.parametrize("name", KNOWN)
def test_known_errors_exist(name: str) -> None:
    module, _, error = name.partition(":")
    assert issubclass(getattr(import_module(module), error), Exception)
