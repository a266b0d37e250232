"""The bodies of /metrics, /health and /ready, whoever serves them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Literal

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.runtime.metrics import REGISTRY

State = Literal["starting", "restoring", "live", "failed"]


@dataclass(frozen=True, slots=True)
class AppStatus:
    """How one app of this process is; `detail` says in words what it waits for or what ended it."""

    app: str
    state: State
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTTP answer; `content_type` names the charset too."""

    status: int
    content_type: str
    body: bytes


def metrics_page(_: Sequence[AppStatus] = ()) -> Page:
    """Every metric of this process in Prometheus' text format."""
    return Page(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(REGISTRY))


def health_page(apps: Sequence[AppStatus]) -> Page:
    """200 while restarting this process would help nobody; 503 once an app of it has failed."""
    return _json(all(app.state != "failed" for app in apps), apps)


def ready_page(apps: Sequence[AppStatus]) -> Page:
    """200 once every app is live; 503 while one starts or restores, or when there is none."""
    return _json(bool(apps) and all(app.state == "live" for app in apps), apps)


PAGES: Mapping[str, Callable[[Sequence[AppStatus]], Page]] = {
    "/metrics": metrics_page,
    "/health": health_page,
    "/ready": ready_page,
}


def _json(is_ok: bool, apps: Sequence[AppStatus]) -> Page:
    body: dict[str, Any] = {"ok": is_ok, "apps": [asdict(app) for app in apps]}
    status = HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Page(status, "application/json; charset=utf-8", json.dumps(body).encode() + b"\n")
