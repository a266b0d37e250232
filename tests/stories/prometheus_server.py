"""A real Prometheus on a free port, for tests."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")), reason="prometheus is not installed (.ci/install.sh)"
)


class Prometheus:
    """A running server's HTTP interface."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def is_ready(self) -> bool:
        try:
            with urlopen(f"{self._url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except URLError:
            return False

    def query(self, expr: str) -> list[float]:
        """The values of an instant query; HTTPError where it does not parse."""
        with urlopen(f"{self._url}/api/v1/query?{urlencode({'query': expr})}", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return [float(series["value"][1]) for series in found]

    def unhealthy_rules(self) -> dict[str, str]:
        """Alerts whose last evaluation was not ok (or never was), and their state."""
        with urlopen(f"{self._url}/api/v1/rules", timeout=5) as answer:
            groups = json.load(answer)["data"]["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"] if rule["health"] != "ok"}


@contextmanager
def running(home: Path, target: int, rules: Path) -> Iterator[Prometheus]:
    """Scrapes 127.0.0.1:`target` five times a second and evaluates the rules."""
    config = {
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "500ms"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "crossdock", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
    }
    (home / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    server = Prometheus(port)
    try:
        deadline = time.monotonic() + 20
        while not server.is_ready():
            assert process.poll() is None and time.monotonic() < deadline, (home / "log").read_text(encoding="utf-8")
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(10)
