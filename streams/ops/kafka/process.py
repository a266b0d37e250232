"""The broker's process: started in a session of its own, recognised by its command line, ended by signals."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# The shell in between leaves the broker to init: it is nobody's child, so nobody has to wait for it.
_DETACHED = '"$@" >>"$BROKER_LOG" 2>&1 </dev/null & echo $!'

_RELEASE_SECONDS = 5.0


def spawn(command: Sequence[str], directory: Path, log: Path) -> int:
    """The process id of `command`, which runs on when the caller ends and holds none of its descriptors."""
    shell = subprocess.run(
        ["sh", "-c", _DETACHED, "sh", *command],
        cwd=directory,
        env={**os.environ, "BROKER_LOG": str(log)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        check=True,
    )
    return int(shell.stdout)


def is_alive(pid: int, marker: str) -> bool:
    """Whether `pid` runs and has `marker` among its arguments; a process id may have gone to someone else."""
    if Path("/proc/self").exists():
        return marker.encode() in _arguments(Path("/proc") / str(pid))
    ask = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return marker in subprocess.run(ask, capture_output=True, text=True, check=False).stdout


def end(pid: int, marker: str, patience_seconds: float) -> bool:
    """SIGTERM, then SIGKILL when the patience (which may be 0) is over; whether the process ended by itself."""
    ended_by_itself = False
    if patience_seconds > 0:
        _signal(pid, marker, signal.SIGTERM)
        ended_by_itself = _is_gone_within(pid, marker, patience_seconds)
    while is_alive(pid, marker):
        _signal(pid, marker, signal.SIGKILL)
        time.sleep(0.01)
    _wait_until_released(pid)
    return ended_by_itself


def _arguments(entry: Path) -> list[bytes]:
    """Empty for a dead process, and for an instant for one that is just becoming another program."""
    for _ in range(50):
        try:
            line = (entry / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return []
        if line or _is_zombie(entry):
            return line.split(b"\0")
        time.sleep(0.001)
    return []


def _is_zombie(entry: Path) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return (entry / "stat").read_bytes().rpartition(b")")[2].split()[0] in b"ZX"
    return True


def _wait_until_released(pid: int) -> None:
    """The main thread of a killed process dies first: ports and file locks are free when the last thread has ended."""
    entry, deadline = Path("/proc") / str(pid), time.monotonic() + _RELEASE_SECONDS
    while time.monotonic() < deadline:
        try:
            if _is_zombie(entry) and len(list((entry / "task").iterdir())) <= 1:
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.005)


def _signal(pid: int, marker: str, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        if is_alive(pid, marker):
            os.kill(pid, number)


def _is_gone_within(pid: int, marker: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid, marker):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
