"""A real server of the tests' own, as a process: on a free loopback port, in a home of its own, gone when they are."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.worker import free_port

READY_SECONDS = 90
# Its standard input ends when the tests end, however they end: also by kill -9.
_WATCH = """
import os, shutil, signal, sys
sys.stdin.read()
try:
    os.killpg(int(sys.argv[1]), signal.SIGKILL)
except ProcessLookupError:
    pass
shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


class ServerProcess(ABC):
    """A context manager. `port` and `home` stay through `kill`, `stop` and `start`, and so does what is in `home`."""

    def __init__(self, name: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix=f"crossdock-{name}-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    @abstractmethod
    def is_ready(self) -> bool: ...

    def env(self) -> Mapping[str, str]:
        return os.environ

    def start(self) -> None:
        """Returns when it answers; nothing to do while it runs."""
        if self._process is not None:
            return
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=self.home, env=self.env(), stdout=log, stderr=log, start_new_session=True
            )
        self._watch = subprocess.Popen(
            [sys.executable, "-c", _WATCH, str(self._process.pid), str(self.home)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            assert self._process.poll() is None and time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def kill(self) -> None:
        """As by kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In good order."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._signal(how)
            self._process.wait(READY_SECONDS)
            self._signal(signal.SIGKILL)  # what it has left behind
            self._process = None
            self._watch.kill()
            self._watch.communicate()

    def _signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, which)
