"""The jars that a broker needs: pinned, downloaded once per user from a Maven repository, checked by SHA-256."""

import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from streams.ops.kafka.download import fetch
from streams.ops.kafka.errors import EmbeddedKafkaError, disk_trouble_explained

Progress = Callable[[str, int, int], None]
"""Called with (step, done, total): step "download" counts bytes, "format" and "start" go from 0 to 1."""

MAVEN_CENTRAL = "https://repo1.maven.org/maven2"
VERSION = "4.1.1"
_PINNED = Path(__file__).with_name("jars.lock")


@dataclass(frozen=True)
class Jar:
    sha256: str
    size: int
    group: str
    artifact: str
    version: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"


def pinned_jars(pinned: Path = _PINNED) -> list[Jar]:
    """In class path order; one line of the file is `sha256 bytes group:artifact:version`."""
    lines = (line.split() for line in pinned.read_text().splitlines())
    return [Jar(sha256, int(size), *coordinate.split(":")) for sha256, size, coordinate in lines]


def cache_directory() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root).absolute() / "crossdock" / f"kafka-{VERSION}"


@contextmanager
def locked(lock_file: Path) -> Iterator[None]:
    """One process at a time; the lock ends with the process that holds it."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure_jars(progress: Progress, pinned: Path = _PINNED) -> list[Path]:
    """The class path; downloads what the cache lacks. Raises EmbeddedKafkaError."""
    directory, jars = cache_directory(), pinned_jars(pinned)
    if _missing(jars, directory):  # a complete cache may be read-only
        with disk_trouble_explained(directory, "set XDG_CACHE_HOME to another place"), locked(directory / "lock"):
            _download(_missing(jars, directory), directory, progress)
    return [directory / jar.file_name for jar in jars]


def _missing(jars: list[Jar], directory: Path) -> list[Jar]:
    return [jar for jar in jars if not _is_complete(directory / jar.file_name, jar)]


def _is_complete(file: Path, jar: Jar) -> bool:
    return file.is_file() and file.stat().st_size == jar.size


def _download(jars: list[Jar], directory: Path, progress: Progress) -> None:
    repository = os.environ.get("MAVEN_REPO_URL", "").rstrip("/") or MAVEN_CENTRAL
    counter = _Counter(sum(jar.size for jar in jars), progress)
    pool = ThreadPoolExecutor(max_workers=8)
    try:
        for finished in as_completed(
            pool.submit(fetch, f"{repository}/{jar.path}", directory / jar.file_name, jar.sha256, counter.add)
            for jar in jars
        ):
            finished.result()
    finally:
        counter.is_over = True
        pool.shutdown(cancel_futures=True)


class _Counter:
    """Adds up what all threads received, and ends them when one has failed."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.is_over = False
        self._done, self._total, self._progress, self._lock = 0, total, progress, Lock()

    def add(self, received: int) -> None:
        if self.is_over and received > 0:
            raise EmbeddedKafkaError("another download failed")
        with self._lock:
            self._done += received
            self._progress("download", self._done, self._total)
