"""The command line: whatever is typed, the exit code is 0, 1 or 2, with words that help and never a trace."""

import os
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

import click
from click.testing import CliRunner
from hypothesis import example
from hypothesis import strategies as st

from cli import cli
from tests.fuzz.properties import fuzz
from tests.fuzz.strategies import NUMBERS, TEXTS

SERVING = {"up", "down", "run", "demo", "providers", "compose"}  # act on this machine, or until they are interrupted


def verbs(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every verb that ends by itself where nothing can be reached."""
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += verbs(command, (*path, name))
        elif name not in SERVING and path != ("simulate",):
            found.append((*path, name))
    return found


FLAGS = [
    "--json",
    "--all",
    "--since",
    "--until",
    "--key",
    "--group",
    "--fingerprint",
    "--rate",
    "--limit",
    "--offset",
    "--stage",
    "--olist",
    "--dry-run",
    "--yes",
    "--topology",
    "--registry",
    "--prefix",
    "--kafka-config",
    "--help",
]
WORDS = st.one_of(
    NUMBERS, TEXTS, st.sampled_from(["36500d", "0001-01-01", "9999-12-31T23:59:59-14:00", "/", "/etc/passwd"])
)
TYPED = WORDS.filter(lambda text: "\0" not in text and len(text) < 5000)
ARGUMENTS = st.lists(st.one_of(st.sampled_from(FLAGS), TYPED), max_size=5)
NOWHERE = {"CROSSDOCK_BROKER": "127.0.0.1:1", "CROSSDOCK_HOME": mkdtemp()}


@fuzz("cli", 30, verb=st.one_of(st.sampled_from(verbs(cli)), TYPED.map(lambda text: (text,))), arguments=ARGUMENTS)
@example(verb=("lag",), arguments=["--registry", "nonsense"])
@example(verb=("dead", "list"), arguments=["--since", "0001-01-01T00:00:00+14:00"])
@example(verb=("feed",), arguments=["--broker", "..:1", "pyproject.toml"])
@example(verb=("topics", "plan"), arguments=["--kafka-config", "/bin/sh"])
def test_whatever_is_typed_ends_in_words(verb: tuple[str, ...], arguments: list[str]) -> None:
    with patch.dict(os.environ, NOWHERE):
        result = CliRunner().invoke(cli, [*verb, *arguments])
    assert result.exit_code in (0, 1, 2), result.exit_code
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.output and "Traceback" not in result.output
    assert Path(NOWHERE["CROSSDOCK_HOME"]).is_dir()
