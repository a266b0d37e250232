"""A registry behind HTTP: its own 404 is a verdict, everything else only says that it cannot be asked now."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from streams.contracts.registry import RegistryUnavailable, UnknownSchema
from streams.runtime.registry_http import FRESH_SECONDS, HttpRegistry

UNKNOWN = json.dumps({"error_code": 40403, "message": "Schema not found"})
LATEST = json.dumps({"subject": "s", "version": 1, "id": 7, "schema": '{"type":"string"}'})


class Answers:
    """What the stand-in says next, and how often it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, "", 0


@contextmanager
def standing_in() -> Iterator[tuple[str, Answers]]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked += 1
            self.send_response(answers.status)
            self.send_header("Content-Length", str(len(answers.body)))
            self.end_headers()
            self.wfile.write(answers.body.encode())

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", answers
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "<html>no such page</html>"),
        (404, json.dumps({"message": "a gateway's own"})),
        (301, ""),
        (401, json.dumps({"error_code": 40101, "message": "who are you"})),
        (500, json.dumps({"error_code": 50001, "message": "store timed out"})),
        (503, ""),
        (200, "<html>hello</html>"),
        (200, "[]"),
        (200, ""),
    ],
)
def test_an_answer_that_is_no_verdict_leaves_the_id_undecided(status: int, body: str) -> None:
    with standing_in() as (url, answers), closing(HttpRegistry(url)) as registry:
        answers.status, answers.body = status, body
        with pytest.raises(RegistryUnavailable):
            registry.by_id(7)
        answers.status, answers.body = 200, json.dumps({"schema": '{"type":"string"}'})
        assert registry.by_id(7) == {"type": "string"}


def test_the_registrys_own_404_means_unknown_and_is_not_remembered() -> None:
    with standing_in() as (url, answers), closing(HttpRegistry(url)) as registry:
        answers.status, answers.body = 404, UNKNOWN
        for _ in range(2):
            with pytest.raises(UnknownSchema):
                registry.by_id(7)
        answers.status, answers.body = 200, json.dumps({"schema": '"string"'})
        assert registry.by_id(7) == "string"


def test_a_known_schema_is_not_asked_for_again() -> None:
    with standing_in() as (url, answers), closing(HttpRegistry(url)) as registry:
        answers.body = json.dumps({"schema": '"string"'})
        assert [registry.by_id(7) for _ in range(3)] == ["string"] * 3
        assert answers.asked == 1


def test_a_registry_that_is_down_cannot_be_asked() -> None:
    with standing_in() as (url, _):
        pass
    with closing(HttpRegistry(url)) as registry:
        for ask in (lambda: registry.by_id(1), lambda: registry.latest("s"), lambda: registry.versions("s")):
            with pytest.raises(RegistryUnavailable):
                ask()
        with pytest.raises(RegistryUnavailable):
            registry.register({"s": {"type": "string"}})


def test_an_app_goes_on_writing_with_what_it_knows_while_the_registry_is_down() -> None:
    now = [0.0]
    with standing_in() as (url, answers), closing(HttpRegistry(url, lambda: now[0])) as registry:
        answers.body = LATEST
        assert registry.latest("s") == (7, {"type": "string"})
        answers.status = 503
        now[0] += FRESH_SECONDS
        assert registry.latest("s") == (7, {"type": "string"})


def test_the_latest_version_is_asked_for_again_after_a_while() -> None:
    now = [0.0]
    with standing_in() as (url, answers), closing(HttpRegistry(url, lambda: now[0])) as registry:
        answers.body = LATEST
        registry.latest("s")
        answers.body = LATEST.replace("7", "9")
        assert registry.latest("s")[0] == 7
        now[0] += FRESH_SECONDS
        assert registry.latest("s")[0] == 9
