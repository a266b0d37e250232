"""A real MariaDB of the system's packages: its own directory, a free port, the binary log in rows."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import pymysql

READY_SECONDS = 60
PASSWORD = "crossdock"
# Its standard input ends when the tests end, however they end: also by kill -9.
_WATCH = "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGKILL)"
_SMALL = ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=16M", "--innodb-flush-log-at-trx-commit=2"]
_LOG = ["--log-bin=bin", "--binlog-format=ROW", "--server-id=1"]


class MariadbError(Exception):
    """It did not start; the message holds the end of its log."""


class MariadbServer:
    """A context manager; user `root` with a password; `database` makes a fresh one and gives its URL without it."""

    def __enter__(self) -> "MariadbServer":
        self._place = Path(tempfile.mkdtemp(prefix="crossdock-mariadb-"))
        self.port = _free_port()
        try:
            self._install()
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
        self._log = (self._place / "log").open("ab")
        listening = ["--bind-address=127.0.0.1", f"--port={self.port}", f"--init-file={self._place}/first.sql"]
        self._process = subprocess.Popen(
            [*_server(), *self._placed(), *listening, *_SMALL, *_LOG, *settings],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._watch = subprocess.Popen([sys.executable, "-c", _WATCH, str(self._process.pid)], stdin=subprocess.PIPE)
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """kill -9; `start` recovers what was committed."""
        self._watch.kill()
        self._watch.communicate()
        self._process.kill()
        self._process.wait()
        self._log.close()

    def database(self, name: str) -> str:
        with self.connect(None) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return f"mysql://root@127.0.0.1:{self.port}/{name}"

    def connect(self, database: str | None) -> "pymysql.Connection[Any]":
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", password=PASSWORD, database=database, autocommit=True
        )

    def _install(self) -> None:
        for name in ("data", "tmp"):
            (self._place / name).mkdir()
        (self._place / "first.sql").write_text(f"SET PASSWORD FOR root@localhost = PASSWORD('{PASSWORD}');\n")
        normal = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        done = subprocess.run(["mariadb-install-db", *self._placed(), *normal], capture_output=True, text=True)
        if done.returncode:
            raise MariadbError(f"{done.stdout}{done.stderr}"[-2000:])

    def _placed(self) -> list[str]:
        files = [f"--datadir={self._place}/data", f"--tmpdir={self._place}/tmp", f"--socket={self._place}/socket"]
        user = pwd.getpwuid(os.geteuid()).pw_name  # root too must be named
        return ["--no-defaults", *files, f"--pid-file={self._place}/pid", f"--user={user}"]

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.connect(None).close()
                return
            except pymysql.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise MariadbError((self._place / "log").read_text()[-2000:]) from error
                time.sleep(0.05)


def _server() -> list[str]:
    return [shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "mariadbd"]


def unsupported() -> str | None:
    """Why there is no such server on this machine; None where there is."""
    missing = [name for name in ("mariadbd", "mariadb-install-db") if not shutil.which(name, path="/usr/sbin:/usr/bin")]
    return f"{' and '.join(missing)}: not installed" if missing else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
