"""README.md as a reader follows it: every command of its sh blocks is run, in order, on a copy of the tree."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from streams.contracts.settings import from_env
from streams.runtime.outside import Cluster, quiet
from tests.kafka_server import KafkaServer
from tests.worker import free_port, until

ROOT = Path(__file__).parents[1]
ORDERS = 10  # of docs/examples/orders.jsonl
SET_UP = "python3 -m venv .uv && .uv/bin/pip install -q uv && .uv/bin/uv run "
STAYS = re.compile(r"^export |^\. ")  # what holds for the lines behind it too
PAGES = {"cli.py run": "--metrics-port", "faust ": "--web-port"}


def lines() -> list[tuple[str, str]]:
    """Every command of the README with its comment."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    parted = (line.partition("  # ") for block in blocks for line in block.splitlines() if line)
    return [(command.strip(), comment.strip()) for command, _, comment in parted]


class Reader:
    """Somebody with several terminals. Kafka runs before `kafka up` is typed; pages are on ports that are free."""

    def __init__(self, tree: Path, kafka: KafkaServer) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CROSSDOCK_", "PYTEST"))}
        self._env = inherited | {"CROSSDOCK_HOME": str(kafka.home), "CROSSDOCK_BROKER": kafka.bootstrap}
        self._tree, self._before = tree, "set -e\n"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def type(self, command: str, comment: str) -> None:
        if STAYS.match(command):
            self._before += f"{command}\n"
        elif comment.startswith("until Ctrl-C"):
            self._start(command)
        elif command.startswith("python cli.py leads show"):  # typed a moment later
            until(lambda: self.run(command).returncode == 0, command)
        else:
            if command == "python cli.py kafka down":
                self.press_ctrl_c()
            done = self.run(command)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        script = ["bash", "-c", self._before + command]
        return subprocess.run(
            script, cwd=self._tree, env=self._env, capture_output=True, text=True, timeout=120, check=False
        )

    def said(self, command: str) -> str:
        return self._log(command).read_text(encoding="utf-8", errors="replace")

    def press_ctrl_c(self) -> None:
        """In every terminal; each command ends in good order."""
        for process in self.running.values():
            process.send_signal(signal.SIGINT)
        ended = {command: process.wait(30) for command, process in self.running.items()}
        assert set(ended.values()) == {0}, {command: self.said(command) for command, code in ended.items() if code}

    def leave(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()

    def _start(self, command: str) -> None:
        option = next((option for name, option in PAGES.items() if name in command), "")
        port = free_port() if option else 0
        script = ["bash", "-c", f"{self._before}exec {command} {option} {port or ''}"]
        with self._log(command).open("wb") as log:
            process = subprocess.Popen(script, cwd=self._tree, env=self._env, stdout=log, stderr=log)
        self.running[command] = process
        if port:
            until(lambda: self._is_ready(command, port), f"{command} is ready")

    def _is_ready(self, command: str, port: int) -> bool:
        assert self.running[command].poll() is None, self.said(command)
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def _log(self, command: str) -> Path:
        return self._tree / (re.sub(r"\W+", "-", command) + ".log")


@pytest.fixture
def kafka() -> Iterator[KafkaServer]:
    with KafkaServer() as kafka:
        yield kafka


@pytest.fixture
def reader(tmp_path: Path, kafka: KafkaServer) -> Iterator[Reader]:
    """In a copy of the tree; its map only has fewer partitions and lanes, and a free port for the partner."""
    for room in ("streams", "schemas", "docs", "tests"):
        shutil.copytree(ROOT / room, tmp_path / room)
    for name in ("cli.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    shipped = (ROOT / "topology.yaml").read_text(encoding="utf-8")
    smaller = re.sub(r"delays: \[.*?\]", "delays: [1s]", shipped.replace("partitions: 6", "partitions: 1"))
    (tmp_path / "topology.yaml").write_text(smaller.replace("8099", str(free_port())), encoding="utf-8")
    reader = Reader(tmp_path, kafka)
    yield reader
    reader.leave()


def test_the_two_first_commands_are_the_demo_and_the_tests() -> None:
    """Their first half is what CI does; the demo has a story of its own; this is a run of the tests."""
    assert [command for command, _ in lines() if command.startswith(SET_UP[:10])] == [
        f"{SET_UP}cli.py demo",
        f"{SET_UP}pytest",
    ]


@pytest.mark.timeout(400)  # two dozen processes, half a minute on a quiet machine
def test_every_other_command_works_as_it_stands(reader: Reader, kafka: KafkaServer) -> None:
    for command, comment in lines():
        if command.startswith(SET_UP):
            continue
        reader.type(command, comment)
        if command.startswith("faust "):
            until(lambda: screened(kafka.bootstrap) == ORDERS, "every order is screened once")
    assert {"python cli.py run", "faust -A streams.subscribers.fraud worker"} <= reader.running.keys()


def screened(bootstrap: str) -> int:
    cluster = Cluster(quiet(replace(from_env({}), broker=bootstrap)))
    return sum(1 for _ in cluster.read(cluster.places("order.screened.v1")))
