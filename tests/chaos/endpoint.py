"""A webhook partner that is down, slow or lying when told to, and that knows what it took, in what order."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Thread
from typing import Self

from standardwebhooks import Webhook, WebhookVerificationError

from tests.chaos.faults import DOWN, LYING, SLOW

_SLOW_S = (0.2, 3.0)  # longer than the map's patience now and then
_LIE_SHARE = 0.5


class _Server(ThreadingHTTPServer):
    """The default of five would refuse a burst of connections, which is trouble that nobody ordered."""

    request_queue_size = 1024


class Endpoint:
    """`taken` are message ids in the order of their first arrival, `strange` what no partner should be sent."""

    def __init__(self, secret: str, seed: int) -> None:
        self.taken: dict[str, None] = {}
        self.repeats = 0
        self.strange: list[str] = []
        self._webhook, self._chance = Webhook(secret), Random(seed)
        self._mood, self._until = "", 0.0
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="endpoint")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/leads"

    def behave(self, mood: str, seconds: float = 0.0) -> None:
        """One of the moods for so long; then it is well again."""
        self._mood, self._until = mood, time.monotonic() + seconds

    @property
    def mood(self) -> str:
        return self._mood if time.monotonic() < self._until else ""

    def answer(self, body: str, headers: dict[str, str]) -> int | None:
        """The status to answer with; None: hang up without one."""
        mood = self.mood
        if mood == DOWN:
            return None
        try:
            self._webhook.verify(body, headers)
        except WebhookVerificationError as error:
            self.strange.append(str(error))
            return 401
        message = headers["webhook-id"]
        self.repeats += message in self.taken
        self.taken[message] = None
        if mood == SLOW:
            time.sleep(self._chance.uniform(*_SLOW_S))
        if mood == LYING and self._chance.random() < _LIE_SHARE:
            return self._chance.choice([500, None])
        return 204

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                status = endpoint.answer(body, {name.lower(): value for name, value in self.headers.items()})
                if status is not None:
                    self.send_response(status)
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler
