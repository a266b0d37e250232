"""Questions to a port: is it free, and which Kafka cluster answers there."""

import errno
import os
import socket
import struct
import time

from streams.ops.kafka.errors import EmbeddedKafkaError

HOST = "127.0.0.1"
_METADATA, _FIND_COORDINATOR = (3, 4), (10, 1)  # API key and version
_CORRELATION = 1
_LETTING_GO_SECONDS = 1.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def require_free(port: int) -> None:
    """Raises EmbeddedKafkaError when someone listens on `port`; a process that just dies gets a moment to let go."""
    deadline = time.monotonic() + _LETTING_GO_SECONDS
    while problem := _bind_problem(port):
        if problem != errno.EADDRINUSE:
            raise EmbeddedKafkaError(f"cannot listen on port {port}: {os.strerror(problem)}; choose one above 1023")
        if time.monotonic() > deadline:
            who = "another Kafka broker" if answering_cluster(port, timeout=1.0) else "another process"
            raise EmbeddedKafkaError(f"port {port} is taken by {who}; stop it or choose another port")
        time.sleep(0.02)


def _bind_problem(port: int) -> int:
    """The error number, 0 when there is none."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OverflowError:
            raise EmbeddedKafkaError(f"{port} is not a port; choose one from 1 to 65535") from None
        except OSError as error:
            return error.errno or errno.EINVAL
    return 0


def answering_cluster(port: int, timeout: float) -> str | None:
    """The id of the cluster whose broker on `port` is ready for clients; None when there is none (yet)."""
    try:
        return _ready_cluster(_ask(port, _METADATA, struct.pack("!i?", 0, False), timeout))
    except (OSError, struct.error, ValueError):
        return None


def has_coordinators(port: int, timeout: float) -> bool:
    """Whether groups and transactions have a home; asking makes the broker create their internal topics."""
    try:
        answers = [_ask(port, _FIND_COORDINATOR, struct.pack("!h1sb", 1, b"?", kind), timeout) for kind in (0, 1)]
        return all(struct.unpack_from("!iih", answer)[2] == 0 for answer in answers)
    except (OSError, struct.error, ValueError):
        return False


def _ask(port: int, api: tuple[int, int], body: bytes, timeout: float) -> bytes:
    request = struct.pack("!hhih", *api, _CORRELATION, -1) + body
    with socket.create_connection((HOST, port), timeout) as connection:
        connection.sendall(struct.pack("!i", len(request)) + request)
        (size,) = struct.unpack("!i", _exactly(connection, 4))
        return _exactly(connection, min(size, 1 << 20))


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        chunk = connection.recv(size - len(received))
        if not chunk:
            raise ConnectionError("the connection ended inside an answer")
        received += chunk
    return received


def _ready_cluster(answer: bytes) -> str | None:
    """Metadata answer, version 4: a broker that is still fenced lists no brokers."""
    correlation, _throttle, brokers = struct.unpack_from("!iii", answer)
    at = 12
    for _ in range(brokers):
        _host, at = _text(answer, at + 4)
        _rack, at = _text(answer, at + 4)
    cluster, _ = _text(answer, at)
    return cluster if correlation == _CORRELATION and brokers > 0 else None


def _text(answer: bytes, at: int) -> tuple[str | None, int]:
    (length,) = struct.unpack_from("!h", answer, at)
    at += 2
    return (None, at) if length < 0 else (answer[at : at + length].decode(), at + length)
