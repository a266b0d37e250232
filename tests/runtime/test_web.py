"""What a worker answers on /metrics, /health and /ready, and that a busy port stops nobody."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import faust
import pytest
from aiohttp import ClientSession

from streams.runtime.web import AppStatus, State, health_page, ready_page
from streams.runtime.web_server import PageServer, PatientWeb, mount


@contextmanager
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def get(port: int, path: str) -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


@pytest.mark.parametrize(
    ("states", "ready", "health"),
    [
        (["live"], 200, 200),
        (["live", "restoring"], 503, 200),
        (["starting"], 503, 200),
        (["live", "failed"], 503, 503),
        ([], 503, 200),
    ],
)
def test_ready_means_all_live_and_healthy_means_none_failed(states: list[State], ready: int, health: int) -> None:
    apps = [AppStatus(f"app{i}", state) for i, state in enumerate(states)]
    assert (ready_page(apps).status, health_page(apps).status) == (ready, health)


def test_a_thread_serves_the_pages_beside_a_busy_port() -> None:
    with busy_port() as taken:
        server = PageServer(lambda: [AppStatus("fraud", "restoring", "task 3")], first_port=taken, host="127.0.0.1")
        try:
            assert server.port != taken
            status, kind, body = get(server.port, "/ready")
            assert (status, kind) == (503, "application/json; charset=utf-8")
            assert json.loads(body)["apps"] == [{"app": "fraud", "state": "restoring", "detail": "task 3"}]
            status, kind, body = get(server.port, "/metrics?x=1")
            assert (status, kind.split(";")[0]) == (200, "text/plain")
            assert b"crossdock_records_processed_total" in body
            assert get(server.port, "/nothing")[0] == 404
        finally:
            server.close()


@pytest.mark.asyncio
async def test_fausts_own_web_server_serves_them_too() -> None:
    with busy_port() as taken:
        app = faust.App("pages", web_port=taken, web_bind="127.0.0.1")
        web = PatientWeb(app)
        app.web = web
        mount(app, lambda: [AppStatus("pages", "live")])
        await web.start_server()
        try:
            async with ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{web.bound_port}/ready") as answer:
                    assert (answer.status, (await answer.json())["ok"]) == (200, True)
                async with session.get(f"http://127.0.0.1:{web.bound_port}/metrics") as answer:
                    assert "crossdock_ready" in await answer.text()
        finally:
            await web.stop_server()
        assert web.bound_port != taken
