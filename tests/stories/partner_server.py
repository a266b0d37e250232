"""A webhook partner that answers each key as it is told, and remembers every call."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from standardwebhooks import Webhook

EVERYBODY = ""
HANGS_UP = 0


@dataclass(frozen=True)
class Answer:
    """`status` 0 hangs up without one. `until` is awaited first; `times` is how many calls of a key are told so."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    until: threading.Event | None = None
    times: int = 1 << 30


class Call(NamedTuple):
    """One call as it was answered; `at` is when it came (monotonic seconds), `key` its lead or order id."""

    at: float
    id: str
    type: str
    key: str
    fields: Mapping[str, Any]
    status: int


class PartnerServer:
    """Checks signatures; answers 204 unless told otherwise."""

    def __init__(self, secret: str) -> None:
        self.calls: list[Call] = []
        self._webhook = Webhook(secret)
        self._answers: dict[str, Answer] = {}
        self._told: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the caller has given up
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="partner")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    @property
    def taken(self) -> list[Call]:
        """Calls that were answered with success, in the order in which they came."""
        return sorted(call for call in self.calls if 200 <= call.status < 300)

    def tell(self, answer: Answer, *keys: str) -> None:
        """Answer these keys so from now on; without keys everybody who has no answer of their own."""
        with self._lock:
            for key in keys or (EVERYBODY,):
                self._answers[key] = answer
                self._told.pop(key, None)

    def recover(self) -> None:
        """Answer everybody with 204 again."""
        with self._lock:
            self._answers.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for answer in self._answers.values():
            if answer.until is not None:
                answer.until.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, body: str, headers: Mapping[str, str]) -> Answer:
        """Notes the call and says what to answer; raises WebhookVerificationError for a bad signature."""
        at = time.monotonic()
        self._webhook.verify(body, dict(headers))
        document = json.loads(body)
        fields = document["data"]
        key = fields.get("lead_id") or fields["order_id"]
        answer = self._answer_to(key)
        if answer.until is not None:
            answer.until.wait()
        self.calls.append(Call(at, headers["webhook-id"], document["type"], key, fields, answer.status))
        return answer

    def _answer_to(self, key: str) -> Answer:
        with self._lock:
            told = key if key in self._answers else EVERYBODY
            answer = self._answers.get(told, Answer())
            self._told[key] += 1
            return answer if self._told[key] <= answer.times else Answer()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        partner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                answer = partner.answer(body, {name.lower(): value for name, value in self.headers.items()})
                if answer.status != HANGS_UP:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler
