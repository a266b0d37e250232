"""Ends what the demo has started when the demo itself was killed, also by kill -9."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_ROOT = Path(__file__).parents[3]
_WATCH = "from streams.ops.demo.guard import watch; watch()"
_DONE = "done\n"


class Guard:
    """A process of its own that hears of every child; when we end without a word it kills them, and the broker."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WATCH, str(self._home)],
            cwd=_ROOT, stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True,
        )  # fmt: skip
        return self

    def told(self, group: int) -> None:
        """A process group to be killed with us."""
        self._say(f"{group}\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say(_DONE)
        self._process.communicate()

    def _say(self, line: str) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.write(line)


def watch(lines: Iterable[str] = sys.stdin) -> None:
    """The guard's own process: its input ends when the demo does, however that ends."""
    groups: list[int] = []
    for line in lines:
        if line == _DONE:
            return
        groups.append(int(line))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    # loaded now only: a demo that ends well never needs it
    from streams.ops.kafka import down

    down(Path(sys.argv[1]), patience_seconds=0)
