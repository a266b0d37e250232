"""A real Redis on a free loopback port, with a password; it keeps nothing through a kill."""

import shutil
import socket
from collections.abc import Sequence

from tests.server_process import ServerProcess

PASSWORD = "redis-pass"
REDIS = shutil.which("redis-server")
MISSING = None if REDIS else "redis-server is not installed (.ci/install.sh)"


class RedisServer(ServerProcess):
    """`url` says where it is, without the password."""

    def __init__(self) -> None:
        super().__init__("redis")
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.home)]
        return [REDIS or "", *where, "--save", "", "--requirepass", PASSWORD]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith((b"-NOAUTH", b"+PONG"))
        except OSError:
            return False
