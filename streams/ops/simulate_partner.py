"""A partner's endpoint that checks signatures, keeps count and fails when told to: `cli.py simulate partner`."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from random import Random
from typing import Any, TextIO

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from streams.contracts.signatures import is_signed_by

_GLANCE_S = 0.1
_TOLERANCE_S = 300
_KEYS = ("lead_id", "order_id", "provider_id")


@dataclass(slots=True)
class Behaviour:
    """How the endpoint answers. Times in seconds; `down_for` cuts connections off, counted from when it is set."""

    fail_rate: float = 0.0
    status: int = 500
    slow: float = 0.0
    down_for: float = 0.0
    retry_after: float = 0.0


@dataclass(slots=True)
class Stats:
    """`violations` counts first deliveries older than one of the same key that was already taken."""

    total: int = 0
    distinct: int = 0
    repeats: int = 0
    violations: int = 0
    unsigned: int = 0
    failed: int = 0
    statuses: dict[int, int] = field(default_factory=dict)


class Ledger:
    """What has been delivered; a delivery counts as taken once it was answered with 2xx."""

    def __init__(self) -> None:
        self.stats = Stats()
        self._taken: dict[str, None] = {}
        self._latest: dict[str, str] = {}

    def note(self, message_id: str, key: str, time: str, status: int) -> None:
        """`time` is the message's own timestamp, whose text sorts as time does."""
        self.stats.total += 1
        self.stats.statuses[status] = self.stats.statuses.get(status, 0) + 1
        if status >= 300:
            self.stats.failed += 1
        elif message_id in self._taken:
            self.stats.repeats += 1
        else:
            self._taken[message_id] = None
            self.stats.distinct += 1
            self.stats.violations += time < self._latest.get(key, "")
            self._latest[key] = max(time, self._latest.get(key, ""))


class Partner:
    """The endpoint: POST anywhere delivers, GET /stats counts, PUT /behaviour changes how it answers."""

    def __init__(self, secrets: str, behaviour: Behaviour, seed: int = 0, log: TextIO | None = None) -> None:
        self.ledger = Ledger()
        self._secrets = secrets.split()
        self._chance = Random(seed)
        self._log = log
        self._down_until = 0.0
        self._behaviour = behaviour
        self._is_started = False

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/stats", self._stats)
        app.router.add_put("/behaviour", self._change)
        app.router.add_post("/{path:.*}", self._deliver)
        app.on_startup.append(self._start)
        return app

    async def _start(self, _: web.Application) -> None:
        self.behave(self._behaviour)

    def behave(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._down_until = asyncio.get_running_loop().time() + behaviour.down_for

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(asdict(self.ledger.stats))

    async def _change(self, request: web.Request) -> web.Response:
        try:
            wanted = changed(self._behaviour, await request.json())
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        self.behave(wanted)
        return web.json_response(asdict(wanted))

    async def _deliver(self, request: web.Request) -> web.Response:
        if asyncio.get_running_loop().time() < self._down_until:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        text = await request.text()
        try:
            document = verified(self._secrets, text, request.headers)
        except (WebhookVerificationError, ValueError) as error:
            self.ledger.stats.unsigned += 1
            return web.Response(status=401, text=str(error))
        if self._behaviour.slow:
            await asyncio.sleep(self._behaviour.slow)
        return self._answer(request.headers["webhook-id"], document)

    def _answer(self, message_id: str, document: Mapping[str, Any]) -> web.Response:
        fails = self._chance.random() < self._behaviour.fail_rate
        status = self._behaviour.status if fails else 200
        data = document.get("data", {})
        key = next((str(data[name]) for name in _KEYS if name in data), "")
        self.ledger.note(message_id, key, str(document.get("timestamp", "")), status)
        if self._log is not None:
            entry = {"id": message_id, "type": document.get("type"), "key": key, "status": status}
            print(json.dumps(entry), file=self._log, flush=True)
        headers = {"Retry-After": f"{self._behaviour.retry_after:g}"} if fails and self._behaviour.retry_after else None
        return web.Response(status=status, headers=headers)


def verified(secrets: Iterable[str], text: str, headers: Mapping[str, str]) -> Any:
    """The document, if one of the secrets has signed it; raises WebhookVerificationError, or ValueError for no JSON."""
    refusal = WebhookVerificationError("there is no secret")
    for secret in secrets:
        try:
            if not secret.startswith("whsk_"):
                return Webhook(secret).verify(text, dict(headers))
            _verify_v1a(secret, text, headers)
            return json.loads(text)
        except WebhookVerificationError as error:
            refusal = error
    raise refusal


def _verify_v1a(secret: str, text: str, headers: Mapping[str, str]) -> None:
    signatures, id, timestamp = (headers.get(f"webhook-{name}", "") for name in ("signature", "id", "timestamp"))
    if not timestamp.isdecimal() or abs(int(timestamp) - datetime.now(UTC).timestamp()) > _TOLERANCE_S:
        raise WebhookVerificationError("the timestamp is missing, too old or too new")
    if not is_signed_by(secret, signatures, id, timestamp, text.encode()):
        raise WebhookVerificationError("no signature is by this key")


def changed(behaviour: Behaviour, wanted: Any) -> Behaviour:
    """The behaviour with the named fields replaced; `down_for` not named ends an outage. Raises ValueError."""
    known = {each.name: type(getattr(behaviour, each.name)) for each in fields(behaviour)}
    if not isinstance(wanted, dict) or not wanted.keys() <= known.keys():
        raise ValueError(f"an object with some of {', '.join(known)} is wanted")
    try:
        given = {name: known[name](value) for name, value in wanted.items()}
    except TypeError as error:
        raise ValueError(str(error)) from error
    return Behaviour(**(asdict(behaviour) | {"down_for": 0.0} | given))


async def serve(partner: Partner, port: int, stop: threading.Event, ready: Callable[[int], None]) -> None:
    """Serve on 127.0.0.1 until `stop`; `ready` is told the port (0 asks for a free one). Raises OSError if taken."""
    runner = web.AppRunner(partner.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        ready(runner.addresses[0][1])
        while not stop.is_set():
            await asyncio.sleep(_GLANCE_S)
    finally:
        await runner.cleanup()
