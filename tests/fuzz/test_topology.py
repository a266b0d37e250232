"""topology.yaml: any text is a map, or is told with its line; nothing else is ever raised."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example
from hypothesis import strategies as st

from streams.contracts.topology_file import ROOT, TopologyError, load
from tests.fuzz.properties import fuzz
from tests.fuzz.strategies import BYTES, TEXTS, spliced

MAP = (ROOT / "tests/map.yaml").read_bytes()
LINES = MAP.split(b"\n")
_TOLD = re.compile(r".+:\d+: .+; ?.*")
_YAML = [
    "!!int x",
    '!!int ""',
    "!!bool x",
    "!!timestamp x",
    "!!float x",
    "!!binary é",
    "!!null x",
    "!!set {a}",
    "0x" + "f" * 9000,
    "9" * 5000,
    "2001-99-99",
    "2001-01-01T00:00:00+99:00",
    "190:20:30.15",
    "~",
    "*a",
    "&a [*a]",
    "&a {<<: *a}",
    "!!omap [a: 1]",
    "<<: [1]",
    "? [a]\n: b",
    "{a: b",
    "[" * 2000,
    "{a: " * 2000,
    '"\\ud800"',
    '"\\0"',
    "a" * 300,
    "../" * 90,
    "%YAML 9.9",
    "---\n---",
    "\t- a",
    "yes",
    ".inf",
    "- {on: [a]}",
    "http://[",
    "http://a:b",
    "http://\x7f:99999",
]
VALUES = st.one_of(st.sampled_from(_YAML), TEXTS)


@st.composite
def maps(draw: st.DrawFn) -> bytes:
    """The tests' map with the value of one line, a whole line, or a few of them, written by somebody else."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        value = draw(VALUES).encode("utf-8", "replace")
        name, colon, _ = lines[at].partition(b":")
        kept = name + colon + b" " if draw(st.booleans()) else b" " * draw(st.integers(0, 6))
        lines[at : at + draw(st.integers(0, 1))] = [kept + value]
    return b"\n".join(lines)


def check(told: str) -> None:
    """Every mistake has its line."""
    assert all(map(_TOLD.fullmatch, told.split("\n"))), told


TWICE = b"\n".join(b"a%d: &a%d {<<: [*a%d, *a%d]}" % (n, n, n - 1, n - 1) for n in range(1, 40))


@fuzz("topology", 10, text=st.one_of(maps(), spliced(MAP), BYTES))
@example(text=b"[" * 2000)
@example(text=b"a: &a {<<: *a}")
@example(text=b"a0: &a0 {x: 1}\n" + TWICE)
@example(text=b"replication: !!int ''")
@example(text=b"replication: !!bool x")
@example(text=b"replication: !!timestamp x")
@example(text=b"0x" + b"f" * 9000 + b": 1")
@example(text=b"events: {a: {record: " + b"a" * 300 + b"}}")
@example(text=b"events: 0x" + b"f" * 9000)
def test_any_text_is_a_map_or_told_with_its_line(text: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "topology.yaml"
        file.write_bytes(text)
        try:
            load(file)
        except TopologyError as error:
            check(str(error))
