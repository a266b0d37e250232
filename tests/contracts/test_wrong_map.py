"""A wrong map, as somebody sees it who runs Faust's own command."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_faust_shows_the_line_and_no_traceback(tmp_path: Path) -> None:
    wrong = tmp_path / "topology.yaml"
    wrong.write_text("events:\n  order.placed.v1: {record: OrderPlased, key: order_id}\n", encoding="utf-8")
    command = [sys.executable, "-m", "faust", "-A", "streams.subscribers.notifications", "agents"]
    env = os.environ | {"CROSSDOCK_TOPOLOGY": str(wrong)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "topology.yaml:2: order.placed.v1: there is no schemas/OrderPlased.avsc" in done.stderr
    assert "Traceback" not in done.stderr
