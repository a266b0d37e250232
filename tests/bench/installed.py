"""What the peers need, made on demand in the user's cache: a venv each of pinned packages, pinned jars, our classes."""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from streams.ops.kafka.errors import EmbeddedKafkaError
from streams.ops.kafka.jars import ensure_jars

PEERS = Path(__file__).with_name("peers")
_PATIENCE_S = 600


class Missing(Exception):
    """A peer cannot run here; the message is the reason that the report prints."""


@cache
def python(peer: str) -> Path:
    """The interpreter of the venv of peers/<peer>.txt; raises Missing."""
    wanted = PEERS / f"{peer}.txt"
    venv = _cache() / f"{peer}-{_digest(wanted)}"
    if not (venv / "complete").exists():
        uv = _tool("uv")
        _run([uv, "venv", "--clear", "--quiet", "--python", sys.executable, str(venv)])
        _run([uv, "pip", "install", "--quiet", "--python", str(venv / "bin/python"), "-r", str(wanted)])
        (venv / "complete").touch()
    return venv / "bin/python"


@cache
def java(peer: str) -> tuple[str, ...]:
    """The command that runs the main class of peers/<peer>.java over the jars of its lock file; raises Missing."""
    source = next(file for file in PEERS.glob("*.java") if file.stem.lower() == peer)
    compiler = _tool("javac")
    try:
        jars = ensure_jars(lambda *_: None, PEERS / f"{peer}.lock")
    except EmbeddedKafkaError as error:
        raise Missing(str(error)) from error
    classes = _cache() / f"{peer}-{_digest(source, PEERS / f'{peer}.lock')}"
    path = ":".join(map(str, (classes, *jars)))
    if not (classes / "complete").exists():
        _run([compiler, "-nowarn", "-cp", path, "-d", str(classes), str(source)])
        (classes / "complete").touch()
    runtime = Path(compiler).resolve().with_name("java")
    return (str(runtime), "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", path, source.stem)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Missing(f"there is no {name} on the path")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        raise Missing(f"{' '.join(command[:3])} failed: {(done.stderr or done.stdout).strip()[-500:]}")


def _cache() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crossdock" / "bench"
    root.mkdir(parents=True, exist_ok=True)
    return root


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
