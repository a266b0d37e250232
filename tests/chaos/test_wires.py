"""A cut wire must be to its ends what a cut network is: silence, and nothing lost when it is mended."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from streams.ops.kafka.probe import HOST
from tests.chaos.wires import Wires
from tests.kafka_cluster import free_ports

_SILENCE_S, _PATIENCE_S = 0.2, 5.0


class Line:
    """A client and a broker that talk through a wire."""

    def __init__(self, stack: ExitStack) -> None:
        self._listening = stack.enter_context(socket.create_server((HOST, 0)))
        self._listening.settimeout(_PATIENCE_S)
        (self.front,) = free_ports(1)
        self.wires = stack.enter_context(Wires([(self.front, self._listening.getsockname()[1])]))
        self.client = stack.enter_context(socket.create_connection((HOST, self.front), _PATIENCE_S))
        self.broker = stack.enter_context(self._listening.accept()[0])
        self.broker.settimeout(_PATIENCE_S)


@pytest.fixture
def line() -> Iterator[Line]:
    with ExitStack() as stack:
        yield Line(stack)


def heard(end: socket.socket, seconds: float = _PATIENCE_S) -> bytes | None:
    """None: silence; nothing: the other end has hung up."""
    end.settimeout(seconds)
    try:
        return end.recv(100)
    except TimeoutError:
        return None


def test_a_wire_carries_both_ways(line: Line) -> None:
    line.client.sendall(b"fetch")
    assert heard(line.broker) == b"fetch"
    line.broker.sendall(b"records")
    assert heard(line.client) == b"records"


def test_what_is_said_while_it_is_cut_comes_when_it_is_mended(line: Line) -> None:
    line.wires.cut([line.front])
    line.client.sendall(b"fetch")
    line.broker.sendall(b"records")
    assert [heard(line.broker, _SILENCE_S), heard(line.client, _SILENCE_S)] == [None, None]
    line.wires.mend([line.front])
    assert [heard(line.broker), heard(line.client)] == [b"fetch", b"records"]


def test_a_broker_does_not_hear_a_client_hang_up_while_it_is_cut(line: Line) -> None:
    line.wires.cut([line.front])
    line.client.close()
    assert heard(line.broker, _SILENCE_S) is None
    line.wires.mend([line.front])
    assert heard(line.broker) == b""


def test_a_client_that_calls_while_it_is_cut_hears_nothing(line: Line) -> None:
    line.wires.cut([line.front])
    with socket.create_connection((HOST, line.front), _PATIENCE_S) as late:
        late.sendall(b"hello")
        assert heard(late, _SILENCE_S) is None


def test_a_client_hears_that_its_broker_has_died(line: Line) -> None:
    line.broker.close()
    assert heard(line.client) == b""
