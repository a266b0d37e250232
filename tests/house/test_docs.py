"""What the documents say is there: files, commands, options, variables, metrics; what they show works as it stands."""

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from cli import cli
from streams.channels import open_channel
from streams.contracts.settings import Settings
from streams.contracts.topology_file import load
from streams.ops.rows import BadRow, json_lines
from streams.runtime.metrics import REGISTRY

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}
EVERYTHING = "\n".join(TEXTS.values())
ROOMS = "streams|tests|docs|docker|schemas"
MADE_BY_READERS = {"streams/subscribers/fraud.py", "tests/subscribers/test_fraud.py"}
PARTNERS = ("docs/partners.md", "docs/mapping.md")
SECRET = "whsec_Y3Jvc3Nkb2NrLXRlc3RzLXNlY3JldC1vZi0zMi1ieXRlcw=="


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


@pytest.mark.parametrize("document", TEXTS)
def test_every_link_and_every_path_leads_somewhere(document: str) -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", TEXTS[document]) if ":" not in link]
    paths = re.findall(rf"(?<![\w/.])(?:{ROOMS})/[\w./-]*\w", TEXTS[document])
    here = (ROOT / document).parent
    missing = [link for link in links if link and not (here / link).exists()]
    assert not missing + [path for path in paths if not (ROOT / path).exists() and path not in MADE_BY_READERS]


def test_every_command_exists_with_its_options() -> None:
    lines = re.findall(r"python cli\.py ([^\n`#|]+)", EVERYTHING)
    assert len(lines) > 20
    assert not [line for line in lines if not is_known(line.split())]


def is_known(words: list[str]) -> bool:
    """Whether these are a verb and options of it, or of every verb."""
    command: click.Command = cli
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return False
        command = command.commands[words.pop(0)]
    options = {"--help"}.union(*(parameter.opts for parameter in [*cli.params, *command.params]))
    return {word for word in words if word.startswith("--")} <= options


def test_every_variable_and_every_metric_exists() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "streams").rglob("*.py"))
    variables = set(re.findall(r"\bCROSSDOCK_[A-Z_]+\b", EVERYTHING))
    assert variables and not [name for name in variables if f'"{name}"' not in source]
    known = {name for metric in REGISTRY.collect() for name in (metric.name, f"{metric.name}_total")}
    assert not set(re.findall(r"\bcrossdock_\w+", EVERYTHING)) - known


def test_every_program_among_the_tests_exists() -> None:
    programs = re.findall(r"python -m (tests\.\w+)", EVERYTHING)
    assert not [name for name in programs if not (ROOT / name.replace(".", "/") / "__main__.py").exists()]


def test_every_transport_has_its_page() -> None:
    transports = {path.stem for path in (ROOT / "streams/channels").glob("[a-z]*.py")}
    assert transports == {path.stem for path in (ROOT / "docs/channels").glob("*.md")}


def test_every_partners_stanza_works_as_it_stands(tmp_path: Path) -> None:
    pages = [text for path, text in TEXTS.items() if path in PARTNERS or path.startswith("docs/channels/")]
    stanzas = [stanza for page in pages for stanza in blocks("yaml", page)]
    map = tmp_path / "topology.yaml"
    map.write_text((ROOT / "topology.yaml").read_text(encoding="utf-8") + "".join(stanzas), encoding="utf-8")
    topology = load(map)
    (tmp_path / "acme.properties").write_text("security.protocol=PLAINTEXT\n", encoding="utf-8")
    env = dict.fromkeys(re.findall(r"_env: (\w+)", "".join(stanzas)), "anything")
    env |= {"ACME_SECRET": SECRET, "ACME_NEXT_SECRET": SECRET, "ACME_AMQP": "amqp://u:p@mq"}
    env |= {"ACME_KAFKA": str(tmp_path / "acme.properties")}
    partners = [name for stanza in stanzas for name in yaml.safe_load(stanza)]
    assert len(partners) >= 14
    for partner in partners:
        channel = topology.stanzas[partner].channel
        assert channel is not None
        open_channel(channel, Settings(), env)


def test_every_example_can_be_read() -> None:
    for module in (ROOT / "docs/examples").rglob("*.py"):
        ast.parse(module.read_text(encoding="utf-8"))
    rows = list(json_lines(ROOT / "docs/examples/orders.jsonl"))
    assert len(rows) == 21
    assert not [row for row in rows if isinstance(row, BadRow)]


def test_the_handler_of_the_readme_is_the_example_cut_short() -> None:
    (shown,) = blocks("python", TEXTS["README.md"])
    example = (ROOT / "docs/examples/fraud/fraud.py").read_text(encoding="utf-8")
    names = [node.name for node in ast.walk(ast.parse(shown)) if isinstance(node, ast.FunctionDef)]
    assert names == ["screen"] and shown.splitlines()[-1] in example.splitlines()


def test_the_changes_end_with_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.findall(r"^## (\S+)", TEXTS["CHANGELOG.md"], re.M)[0] == version


def test_pre_commit_runs_what_ci_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    checks = re.findall(r"^\.uv/bin/(uv run .+)$", ci, re.M)
    assert [hook["entry"] for hook in hooks] == [*checks, "uv run pytest"]
