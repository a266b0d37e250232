"""The demo as a user starts it: it ends with every law held, and leaves nothing running however it ends."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.ops.compose import DOCKER
from tests.stories.prometheus_server import needs_prometheus
from tests.stories.prometheus_server import running as scraping

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0


def demo(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
    command = [sys.executable, str(ROOT / "cli.py"), "demo", "--window", "2s", "--max-age", "10s", *arguments]
    return subprocess.Popen(
        command,
        cwd=home, env=inherited | {"CROSSDOCK_HOME": str(home)}, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def running(home: Path) -> list[str]:
    """Every process that works in this home, by its arguments or its environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if bytes(home) in arguments + environment and int(entry.name) != os.getpid():
            found.append(arguments.replace(b"\0", b" ").decode()[:200])
    return found


def is_left_clean(home: Path) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while running(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    return running(home) == []


def metrics_port(process: "subprocess.Popen[str]") -> int:
    assert process.stderr
    found = (re.search(r"metrics: http://127.0.0.1:(\d+)/metrics", line) for line in process.stderr)
    return next(int(match[1]) for match in found if match)


def shown_on_dashboards() -> set[str]:
    """Every metric that a panel asks for."""
    boards = (DOCKER / "grafana" / "dashboards").glob("*.json")
    return {name for board in boards for name in re.findall(r"crossdock_\w+", board.read_text(encoding="utf-8"))}


@needs_prometheus
def test_a_prometheus_that_scrapes_a_running_demo_has_every_metric_of_the_dashboards(tmp_path: Path) -> None:
    with demo(tmp_path, "--limit", "1000") as process:
        with scraping(tmp_path, metrics_port(process), DOCKER / "alerts.yml") as prometheus:
            missing, deadline = shown_on_dashboards(), time.monotonic() + PATIENCE_S
            assert len(missing) > 20
            while missing and time.monotonic() < deadline:
                missing = {name for name in missing if not prometheus.query(name)}
                time.sleep(0.2)
            assert missing == set()
        process.send_signal(signal.SIGINT)
        process.communicate()


def test_a_demo_ends_with_every_law_held(tmp_path: Path) -> None:
    with demo(tmp_path, "--limit", "60", "--rate", "30") as process:
        said, progress = process.communicate()
    assert process.returncode == 0, progress + said
    assert "60 sent to 100 providers" in said
    assert said.count("  held      ") == 7
    assert "VIOLATED" not in said
    assert "command → first LeadAccepted" in said
    assert "orders flow; orders: " in progress
    assert is_left_clean(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_stopped_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path, "--limit", "1000") as process:
        assert process.stderr
        assert any("orders flow" in line for line in process.stderr)
        assert len(running(tmp_path)) >= 5
        process.send_signal(number)
        process.communicate()
    assert process.returncode == (-number if number == signal.SIGKILL else 130)
    assert is_left_clean(tmp_path)
