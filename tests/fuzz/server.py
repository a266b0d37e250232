"""A server on this machine that answers every connection with the same bytes, in pieces, and may never end."""

import socket
import socketserver
import struct
import threading
from dataclasses import dataclass
from functools import cache

LINGER_RESET = struct.pack("ii", 1, 0)  # closing cuts the connection off instead of ending it


@dataclass(slots=True)
class Script:
    """`answer` goes out once a request has come; then the connection is closed, cut off, or left hanging."""

    answer: bytes = b""
    then: str = "close"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address = True, True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.script = Script()
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server, script = self.server, self.server.script  # type: ignore[attr-defined]
        peer: socket.socket = self.request
        try:
            assert isinstance(server, Server)
            peer.settimeout(5)
            if not peer.recv(65536):
                return
            peer.sendall(script.answer)
            if script.then == "hang":
                server.over.wait(2)
            elif script.then == "cut":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        except OSError:
            return  # who asked went away first


@cache
def server() -> Server:
    return Server()
