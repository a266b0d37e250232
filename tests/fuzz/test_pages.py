"""Our own pages: whatever is asked for, the answer is a page or a refusal, and the next one who asks gets the page."""

import http.client
import socket
from contextlib import redirect_stderr, suppress
from functools import cache
from io import StringIO

from hypothesis import example
from hypothesis import strategies as st

from streams.runtime.web import AppStatus
from streams.runtime.web_server import PageServer
from tests.fuzz.properties import fuzz
from tests.fuzz.strategies import BYTES, spliced

ASKED = b"GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
METHODS = st.sampled_from([b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"PRI", b"get", b""])
PATHS = st.one_of(
    st.sampled_from([b"/metrics", b"/health", b"/ready", b"//", b"/../..", b"http://a/ready", b"*"]), BYTES
)
ENDS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/99999999999.1", b"HTTP/x", b""])
HEADERS = st.one_of(
    BYTES, st.just(b"a: b\r\n" * 300), st.just(b"Content-Length: 99999"), st.just(b"Expect: 100-continue")
)
REQUESTS = st.one_of(
    st.builds(b"%s %s %s\r\n%s\r\n\r\n".__mod__, st.tuples(METHODS, PATHS, ENDS, HEADERS)), spliced(ASKED), BYTES
)


@cache
def pages() -> PageServer:
    return PageServer(lambda: [AppStatus("fraud", "live")], first_port=0, host="127.0.0.1")


def get(path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", pages().port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@fuzz("pages", 25, request=REQUESTS, then=st.sampled_from(["read", "read", "leave"]))
@example(request=b"GET /metrics HTTP/1.1\r\n\r\n", then="leave")
def test_whatever_is_asked_the_next_one_gets_the_page(request: bytes, then: str) -> None:
    with redirect_stderr(StringIO()) as traces:
        with socket.create_connection(("127.0.0.1", pages().port), 5) as peer:
            first = b""
            with suppress(OSError):  # it may refuse before it has heard all of it
                peer.sendall(request)
                peer.shutdown(socket.SHUT_WR)
                first = peer.recv(65536) if then == "read" else b""
            if first:
                assert first.startswith((b"HTTP/1.", b"{", b"#", b"/metrics", b"<!DOCTYPE")), first[:80]
        assert get("/ready") == 200
    assert traces.getvalue() == ""
