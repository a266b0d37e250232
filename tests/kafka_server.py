"""A real broker of a test's own, on a free port, that never outlives the test run."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.ops.kafka import Broker, down, up

_REPOSITORY = Path(__file__).parent.parent
# Its standard input ends when the tests end, however they end: also by kill -9.
_WATCH = """
import shutil, sys
from pathlib import Path
from streams.ops.kafka import down
sys.stdin.read()
down(Path(sys.argv[1]), patience_seconds=0)
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


class KafkaServer:
    """A context manager; `with KafkaServer() as kafka:` gives `kafka.bootstrap`, which stays through restarts."""

    def __init__(self, extra: Mapping[str, str] | None = None, port: int = 0) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="crossdock-kafka-"))
        self._extra = dict(extra or {})
        self._port = port
        self._broker: Broker | None = None

    def __enter__(self) -> Self:
        self._watch = subprocess.Popen(
            [sys.executable, "-c", _WATCH, str(self.home)],
            cwd=_REPOSITORY,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._broker
        return self._broker.pid

    def start(self) -> None:
        self._broker = up(self.home, port=self._port, extra=self._extra)
        self._port = self._broker.port

    def stop(self) -> None:
        """In good order."""
        down(self.home)

    def kill(self) -> None:
        """As by kill -9: the broker writes and says nothing more."""
        down(self.home, patience_seconds=0)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _end(self) -> None:
        down(self.home)
        self._watch.communicate()
        shutil.rmtree(self.home, ignore_errors=True)
