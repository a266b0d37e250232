"""Handlers that do as a test says: copied into the tree of a system under test, where it wraps the shipped handlers.

Every call is a line in `told.calls`; `told.json` says what the next ones do. Both stand in CROSSDOCK_HOME.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from streams.domain.effects import Publish, SetTimer
from streams.domain.events import EPOCH, ReceiptRequested
from streams.domain.failure import Poison, TryLater

HOME = Path(os.environ.get("CROSSDOCK_HOME", "."))
_KEYS = ("order_id", "lead_id", "provider_id", "key")
_TOO_LARGE = 2_000_000


def told(app: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler of this app, under orders; the first order that fits a call is obeyed.

    An order is {"app", "do"} and may say "key", "event" (its type), "times" (so many calls of a key), "seconds", and
    "keep": the handler is called too.
    """
    seen = Counter((call["app"], call["key"]) for call in calls(HOME))

    @wraps(handler)
    def obey(*args: Any, **tables: Any) -> Any:
        event = args[1 if len(args) > 1 else 0]  # decide's first one is the state
        key = next(str(getattr(event, name)) for name in _KEYS if hasattr(event, name))
        seen[app, key] += 1
        _note({"app": app, "key": key, "event": type(event).__name__, "at": time.time(), "pid": os.getpid()})
        for order in orders(HOME):
            if _fits(order, app, key, event) and seen[app, key] <= order.get("times", 1 << 30):
                answer = _DO[order["do"]](order)
                return handler(*args, **tables) if order.get("keep") else answer
        return handler(*args, **tables)

    return obey


def _fits(order: dict[str, Any], app: str, key: str, event: Any) -> bool:
    called = {"app": app, "key": key, "event": type(event).__name__}
    return all(order.get(name, value) == value for name, value in called.items())


def orders(home: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads((home / "told.json").read_text())
    except FileNotFoundError:
        return []
    return found


def calls(home: Path) -> list[dict[str, Any]]:
    """Every call so far, oldest first, also of processes that were killed."""
    try:
        return [json.loads(line) for line in (home / "told.calls").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _note(call: dict[str, Any]) -> None:
    with (HOME / "told.calls").open("a", encoding="utf-8") as file:
        file.write(json.dumps(call) + "\n")


def _raise(error: Exception) -> None:
    raise error


def _receipt(customer_id: str) -> ReceiptRequested:
    return ReceiptRequested(order_id="1", customer_id=customer_id, total_cents=1, item_count=1)


_DO: dict[str, Callable[[dict[str, Any]], Any]] = {
    "raise": lambda order: _raise(RuntimeError(order.get("reason", "told to fail"))),
    "poison": lambda order: _raise(Poison("told to poison")),
    "try later": lambda order: _raise(TryLater(timedelta(seconds=order["seconds"]))),
    "exit": lambda order: sys.exit("told to exit"),
    "sleep": lambda order: time.sleep(order["seconds"]),
    "die": lambda order: os.kill(os.getpid(), signal.SIGKILL),
    "a number": lambda order: 42,
    "a word": lambda order: ["nonsense"],
    "nothing": lambda order: None,
    "no record": lambda order: [Publish("nonsense")],  # type: ignore[arg-type]
    "wrong fields": lambda order: [Publish(_receipt(42))],  # type: ignore[arg-type]
    "unknown topic": lambda order: [Publish(_receipt("1"), to="nowhere.v1")],
    "timer": lambda order: [SetTimer("wake", EPOCH)],
    "timer without time": lambda order: (None, [SetTimer("wake", "soon")]),  # type: ignore[arg-type]
    "timer without name": lambda order: (None, [SetTimer(None, EPOCH)]),  # type: ignore[arg-type]
    "timer without zone": lambda order: (None, [SetTimer("wake", datetime(2026, 1, 1))]),
    "wrong state": lambda order: ("nonsense", []),
    "too large": lambda order: [Publish(_receipt("x" * _TOO_LARGE))],
}
