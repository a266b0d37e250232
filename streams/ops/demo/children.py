"""The demo's child processes: each in a group of its own, with a log of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.ops.demo.failed import DemoFailed
from streams.ops.demo.guard import Guard

_CLI = Path(__file__).parents[3] / "cli.py"
_PATIENCE_S = 10.0
_LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def last_lines(self) -> str:
        """The end of what it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])

    def end(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class Children:
    """Leaving it stops every child, in order if it can, by force after 10 s."""

    def __init__(self, guard: Guard, logs: Path, environment: Mapping[str, str]) -> None:
        self._guard, self._logs, self._environment = guard, logs, dict(environment)
        self._running: list[Child] = []

    def start(self, name: str, arguments: Sequence[str]) -> Child:
        """`cli.py ARGUMENTS`, with its output in NAME.log."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, str(_CLI), *arguments],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self._guard.told(process.pid)
        self._running.append(Child(name, process, log))
        return self._running[-1]

    def check(self) -> None:
        """Raises DemoFailed, with its last words, where a child has ended by itself."""
        for child in self._running:
            code = child.process.poll()
            if code is not None:
                said = child.last_lines or "(nothing)"
                how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
                raise DemoFailed(f"{child.name} ended with {how}; the end of {child.log} says:\n{said}")

    def stop(self, *wanted: Child) -> None:
        """Those, or all, in good order: SIGTERM, and SIGKILL for what is left of their groups."""
        ending = [child for child in self._running if child in (wanted or self._running)]
        self._running = [child for child in self._running if child not in ending]
        for child in ending:
            child.end(signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE_S
        for child in ending:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            child.end(signal.SIGKILL)
            child.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
