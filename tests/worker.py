"""A worker process as tests see it: its signals, its log, its pages."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

PATIENCE_S = 60.0
_TICK_S = 0.1
Seen = TypeVar("Seen")


def until(see: Callable[[], Seen], what: str, patience_s: float = PATIENCE_S) -> Seen:
    """What `see` returns as soon as that is truthy; else fails with what was awaited and what was seen last."""
    deadline = time.monotonic() + patience_s
    while not (seen := see()):
        assert time.monotonic() < deadline, f"not within {patience_s:.0f} s: {what}; last seen: {seen!r}"
        time.sleep(_TICK_S)
    return seen


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class Worker:
    """A process of a system under test; `port` is where it was told to serve its pages."""

    def __init__(self, command: Sequence[str], tree: Path, env: Mapping[str, str], log: Path) -> None:
        """`command` is what follows `python`."""
        self._log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen([sys.executable, *command], cwd=tree, env=env, stdout=file, stderr=file)
        self.port = int(command[-1].rpartition("=")[2]) if "port=" in command[-1] else 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait_ready(self, patience_s: float = PATIENCE_S) -> None:
        """Until it has joined its groups and restored its tables."""
        until(self._is_ready, f"ready: {self._process.args!r}", patience_s)

    def wait_exit(self, patience_s: float = PATIENCE_S) -> int:
        return self._process.wait(patience_s)

    def page(self, path: str) -> tuple[int, str]:
        """Status and text; status 0 while nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (URLError, OSError):
            return 0, ""

    def states(self) -> dict[str, str]:
        """starting, restoring, live or failed, by app."""
        text = self.page("/ready")[1]
        return {app["app"]: app["state"] for app in json.loads(text)["apps"]} if text else {}

    def metric(self, name: str, *labels: str) -> float:
        """The sum over the series of this metric that have all these labels, each as `name="value"`."""
        series = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", self.page("/metrics")[1], re.MULTILINE)
        return sum(float(value) for found, value in series if all(label in found for label in labels))

    def stop(self, patience_s: float = 20.0) -> int:
        """SIGTERM; returns the exit code."""
        self._process.terminate()
        return self._process.wait(patience_s)

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9, also where it is stopped or has ended."""
        self._process.kill()
        self._process.wait(10)

    def _is_ready(self) -> bool:
        assert self.exit_code is None, f"exit code {self.exit_code}:\n{self.log[-4000:]}"
        return self.page("/ready")[0] == 200
