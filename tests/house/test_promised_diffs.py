"""The diffs that the house promises, each made on a copy of the tree: it works, and no other file had to change."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from streams.contracts.topology import Channel, Topology
from streams.contracts.topology_file import load
from streams.domain.failure import Ladder

ROOT = Path(__file__).parents[2]
Edit = Callable[[str], str]


def behind(marker: str, lines: str) -> Edit:
    """New lines behind the one line that holds `marker`."""
    return lambda text: instead(line := _the_line(text, marker), line + lines)(text)


def instead(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert text.count(old) == 1, f"{text.count(old)} times in the file: {old}"
        return text.replace(old, new)

    return edit


def written(lines: str) -> Edit:
    """A new file, or new lines at the end of one."""
    return lambda text: text + lines


def example(name: str) -> str:
    return (ROOT / "docs/examples" / name).read_text(encoding="utf-8")


def _the_line(text: str, marker: str) -> str:
    (line,) = (line for line in text.splitlines(keepends=True) if marker in line)
    return line


def _channel(map: Topology, partner: str) -> Channel:
    channel = map.stanzas[partner].channel
    assert channel is not None
    return channel


# What each takes, file by file; and what the map says afterwards.
DIFFS: Mapping[str, tuple[dict[str, Edit], Callable[[Topology], bool]]] = {
    "a subscriber": (
        {
            "topology.yaml": behind("publishes: [order.screened.v1]", example("fraud/stanza.yaml")),
            "streams/subscribers/fraud.py": written(example("fraud/fraud.py")),
            "tests/subscribers/test_fraud.py": written(example("fraud/test_fraud.py")),
        },
        lambda map: map.stanzas["fraud"].owner == "team-risk",
    ),
    "a partner": (
        {
            "topology.yaml": written(
                '  umbrella:\n    "on": [lead.accepted.v1, order.placed.v1]\n'
                '    channel: {webhook: "https://umbrella.example/leads", secret_env: UMBRELLA_SECRET}\n'
            )
        },
        lambda map: map.events["umbrella.order.placed.v1"].is_partner_own,
    ),
    "a partner with words of its own": (
        {
            "topology.yaml": written(
                '  hooli:\n    "on": [order.placed.v1]\n    where: event.total_cents >= 10000\n'
                "    fields: {order: order_id, zip: customer.zip_prefix}\n"
                "    channel: {kafka: same, topic: hooli.incoming}\n"
            )
        },
        lambda map: map.events["hooli.order.placed.v1"].translation is not None,
    ),
    "a step": (
        {
            "topology.yaml": instead("lead.start: [lead.match, ", "lead.start: [lead.match, lead.shortlist, "),
            "streams/steps/lead_shortlist.py": written(example("shortlist/lead_shortlist.py")),
            "tests/steps/test_lead_shortlist.py": written(example("shortlist/test_lead_shortlist.py")),
        },
        lambda map: "lead.shortlist" in map.stanzas["lead.start"].plan,
    ),
    "an event": (
        {
            "topology.yaml": behind(
                "order.screened.v1:", "  provider.rated.v1: {record: ProviderRated, key: provider_id}\n"
            ),
            "schemas/ProviderRated.avsc": written(
                '{"type": "record", "name": "ProviderRated", "doc": "A customer has judged a provider.",\n'
                ' "fields": [{"name": "provider_id", "type": "string"}, {"name": "stars", "type": "long"}]}\n'
            ),
            "streams/domain/events.py": written(
                "\n\n@dataclass(slots=True, kw_only=True)\nclass ProviderRated(Event):\n"
                "    provider_id: str\n    stars: int\n"
            ),
        },
        lambda map: map.events["provider.rated.v1"].key == "provider_id",
    ),
    "a context's own broker": (
        {
            "topology.yaml": behind(
                "publishes: [order.placed.v1, order.cancelled.v1]",
                "    subscribes: [lead.*]\n"
                '    transport: {rabbitmq: "amqp://rabbit.example:5672/", in: orders, out: leads}\n',
            )
        },
        lambda map: {"customer.in", "customer.out"} <= map.stanzas.keys(),
    ),
    "a retry policy": (
        {"topology.yaml": instead("{delays: [5s, 1m, 10m, 1h], then: bury}", "{delays: [7s, 8s], then: park}")},
        lambda map: map.stanzas["analytics"].ladder == Ladder((timedelta(seconds=7), timedelta(seconds=8)), "park"),
    ),
    "a partner's channel": (
        {"topology.yaml": instead("http://127.0.0.1:8099/leads", "https://partner.example/leads")},
        lambda map: _channel(map, "partner_x").target == "https://partner.example/leads",
    ),
    "a partner's transport": (
        {
            "topology.yaml": instead(
                "{kafka: same, topic: partner-y.incoming.leads}",
                '{webhook: "https://y.example/leads", secret_env: PARTNER_Y_SECRET}',
            )
        },
        lambda map: _channel(map, "partner_y").kind == "webhook",
    ),
}
ONE_LINE = ("a retry policy", "a partner's channel", "a partner's transport")
MORE = tuple(diff for diff in DIFFS if diff not in ONE_LINE)

# Every app of the map is built, every record can be written and read, docker/ can be generated.
PROBE = """
from importlib import import_module
from streams.contracts import schema_files
from streams.contracts.codec import Codec
from streams.contracts.current import topology
from streams.contracts.names import Names
from streams.contracts.registry import InMemory
from streams.contracts.settings import from_env
from streams.domain import commands, events
from streams.contracts.modules import module
from streams.ops.compose import generated, service

compose = generated(topology())["compose.yaml"]
for group, stanza in topology().stanzas.items():
    path, _, name = module(stanza).partition(":")
    assert getattr(import_module(path), name or "app").spec.group == group
    assert f"  {service(group)}:" in compose
schemas = schema_files.of_topics(schema_files.load(from_env().schemas), topology())
registry = InMemory()
registry.register({f"{topic}-value": schema for topic, schema in schemas.items()})
codec = Codec(registry, Names(), schemas, vars(events) | vars(commands))
rated = events.ProviderRated(provider_id="p", stars=5)
assert codec.decode("provider.rated.v1", codec.encode("provider.rated.v1", rated), events.EPOCH) == rated
"""

# Tests that look at a map or at the schemas: none of them may know what is shipped.
LEANING = [
    "tests/contracts/test_schemas.py",
    "tests/contracts/test_topology_map.py",
    "tests/contracts/test_topology_topics.py",
    "tests/ops/test_laws.py",
    "tests/ops/test_orphans.py",
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what runs, and of the tests."""
    for room in ("streams", "schemas", "tests", "docker"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("topology.yaml", "pyproject.toml", "cli.py"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(diff: str, tree: Path) -> None:
    for path, edit in DIFFS[diff][0].items():
        file = tree / path
        file.write_text(edit(file.read_text(encoding="utf-8") if file.exists() else ""), encoding="utf-8")


def python(tree: Path, *arguments: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("diff", DIFFS)
def test_the_map_takes_it(diff: str, tree: Path) -> None:
    make(diff, tree)
    assert DIFFS[diff][1](load(tree / "topology.yaml", tree))


@pytest.mark.parametrize("diff", ONE_LINE)
def test_it_is_one_line(diff: str, tree: Path) -> None:
    before = (tree / "topology.yaml").read_text(encoding="utf-8").splitlines()
    make(diff, tree)
    after = (tree / "topology.yaml").read_text(encoding="utf-8").splitlines()
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_every_app_is_built_and_every_schema_holds_with_no_other_file_changed(tree: Path) -> None:
    for diff in MORE:
        make(diff, tree)
    python(tree, "-c", PROBE)
    new = [path for diff in MORE for path in DIFFS[diff][0] if path.startswith("tests/")]
    python(tree, "-m", "pytest", "-p", "no:cacheprovider", *LEANING, *new)
