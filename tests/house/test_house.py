"""How the code reads: its sizes, its names, what a module may catch, and where topics are named."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from streams.contracts.topology_file import load

ROOT = Path(__file__).parents[2]
SHIPPED = [ROOT / "cli.py", *sorted((ROOT / "streams").rglob("*.py"))]
CODE = [*SHIPPED, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "docs").rglob("*.py"))]
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in CODE}
SHIPPED_TREES = {name: tree for name, tree in TREES.items() if name.startswith(("streams/", "cli.py"))}

MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_PARAMETERS = 200, 25, 5
BANNED = {"utils", "helpers", "common", "base", "manager"}
AROUND_A_HANDLER = {"streams/runtime/attempt.py", "streams/runtime/courier.py"}
AROUND_A_DAMAGED_STORE = {"streams/runtime/store.py"}  # rocksdict raises Exception itself
AROUND_DECODING = {"streams/contracts/codec.py"}
HANDS_OVER = {"streams/runtime/driver.py", "streams/outbox/mysql_log.py"}  # a thread's failure, to who waits for it
DERIVES_NAMES = {"streams/contracts/names.py"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def test_a_module_opens_with_one_line_that_says_what_it_is_for() -> None:
    first_lines = {name: (ast.get_docstring(tree) or "").partition("\n")[0] for name, tree in TREES.items()}
    assert not [name for name, line in first_lines.items() if len(line) < 10]


def test_an_app_says_with_which_command_it_runs() -> None:
    apps = {name: tree for name, tree in SHIPPED_TREES.items() if "app = build(" in ast.unparse(tree)}
    assert apps and not [name for name, tree in apps.items() if "`faust -A " not in (ast.get_docstring(tree) or "")]


def test_no_module_has_a_name_that_means_nothing() -> None:
    assert not [name for name in TREES if BANNED & set(re.split(r"[/._]", name))]


def test_files_are_short() -> None:
    lines = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in SHIPPED_TREES}
    assert not {name: count for name, count in lines.items() if count > MAX_FILE_LINES}


def test_functions_are_short_and_take_few_things() -> None:
    found = []
    for name, tree in SHIPPED_TREES.items():
        for each in functions(tree):
            taken = [*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]
            parameters = sum(one.arg not in ("self", "cls") for one in taken)
            lines = (each.end_lineno or 0) - each.lineno + 1
            if lines > MAX_FUNCTION_LINES or parameters > MAX_PARAMETERS:
                found.append(f"{name}:{each.lineno} {each.name}: {lines} lines, {parameters} parameters")
    assert not found


def test_every_exception_is_caught_only_around_a_handler_and_around_decoding() -> None:
    caught = {name for name, tree in SHIPPED_TREES.items() if any(_catching(tree, "Exception"))}
    assert caught == AROUND_A_HANDLER | AROUND_DECODING | AROUND_A_DAMAGED_STORE


def test_what_catches_even_an_interrupt_passes_it_on() -> None:
    caught = {name: list(_catching(tree, "BaseException", None)) for name, tree in SHIPPED_TREES.items()}
    swallowed = [name for name, each in caught.items() if any(not isinstance(one.body[-1], ast.Raise) for one in each)]
    assert set(swallowed) == HANDS_OVER


def _catching(tree: ast.Module, *wanted: str | None) -> Iterator[ast.ExceptHandler]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            names = [part.id for part in ast.walk(node.type or ast.Constant(None)) if isinstance(part, ast.Name)]
            if {*names, *([] if node.type else [None])} & set(wanted):
                yield node


def test_topics_are_named_by_the_map_and_derived_in_one_place() -> None:
    """A step may name the topic of a read-only table, in `tables=` beside the handler that reads it."""
    topology = load(ROOT / "topology.yaml")
    topics = topology.events.keys() - topology.stanzas.keys()
    derived = re.compile(r"\.(retry|dead|control|changelog)\b")
    found = [
        f"{name}:{line} {text}"
        for name, tree in SHIPPED_TREES.items()
        if name not in DERIVES_NAMES
        for line, text in _texts(tree)
        if text in topics or (len(text) < 40 and derived.search(text))
    ]
    assert not found


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text and its line, but those in `tables=` of a call."""
    keywords = (node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "tables")
    tables = {part for keyword in keywords for part in ast.walk(keyword)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in tables:
            yield node.lineno, node.value


def test_imports_point_one_way() -> None:
    """In a process of its own: import-linter disables every logger that it finds."""
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0 and "0 broken" in result.stdout, result.stdout + result.stderr


def test_every_room_stands_in_the_arrows() -> None:
    rooms = {name.removesuffix(".py").split("/")[1] for name in SHIPPED_TREES if name.startswith("streams/")}
    arrows = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert not [room for room in rooms - {"__init__"} if f"streams.{room}" not in arrows]
