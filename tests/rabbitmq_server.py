"""A real RabbitMQ on free loopback ports, with a name service for Erlang of its own; durable things survive a kill."""

import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.server_process import ServerProcess
from tests.worker import free_port

BINARY = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
MISSING = None if BINARY.exists() and shutil.which("epmd") else "rabbitmq-server is not installed (.ci/install.sh)"
_RUN = 'trap "" HUP; epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 & exec "$0"'


class RabbitServer(ServerProcess):
    """`url` is an AMQP address with the user and the password of a fresh server."""

    def __init__(self) -> None:
        super().__init__("rabbitmq")
        self._node, self._epmd = free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def command(self) -> Sequence[str]:
        return ["/bin/sh", "-c", _RUN, str(BINARY)]

    def env(self) -> Mapping[str, str]:
        (self.home / "plugins").write_text("[].", encoding="utf-8")
        (self.home / "rabbitmq.conf").write_text("loopback_users = none\n", encoding="utf-8")
        home = str(self.home)
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")},
            "HOME": home,
            "ERL_EPMD_PORT": str(self._epmd),
            "RABBITMQ_NODENAME": f"crossdock{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._node),
            "RABBITMQ_BASE": home,
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/logs",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": f"{home}/pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/plugins",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def is_ready(self) -> bool:
        """AMQP's own refusal of a protocol that it does not speak."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                line.sendall(b"AMQP\0\0\0\0")
                return line.recv(8).startswith(b"AMQP")
        except OSError:
            return False
