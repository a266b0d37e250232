"""Check 2 with figures: what notifications notices while other subscribers of the same orders are in trouble."""

from pathlib import Path
from typing import Any

from streams.ops.sender import open_sender
from tests.flow import Flow, Map, placed, small
from tests.isolation.case import DEAD, POISONED, SLOW, Case, Seen, cases, paced
from tests.worker import until

CASES = cases(DEAD, SLOW, POISONED)
OTHERS = ("ledger", "audit", "ranking", "search")
_HEALTHY, _RECEIPTS = "notifications", "notification.receipt.v1"
_BURST, _A_SECOND, _PACED_S = 3_000, 50, 8
_MODULE = '''"""Hears orders and asks for nothing. `faust -A streams.subscribers.{name} worker`"""

from streams.contracts.current import stanza
from streams.domain.effects import Effect
from streams.domain.events import OrderPlaced
from streams.runtime.app import build


def hear(order: OrderPlaced) -> list[Effect]:
    """Nothing."""
    return []


app = build(stanza("{name}"), hear)
'''
_TROUBLE: dict[str, dict[str, Any]] = {SLOW: {"do": "sleep", "seconds": 1.0}, POISONED: {"do": "raise"}}


def measure(broker: str, home: Path, case: Case) -> Seen:
    """Orders at an even pace, then a burst of them; every subscriber is a process of its own."""
    with Flow(broker, home, _map(), _modules()) as flow:
        troubled = OTHERS[: case.among(OTHERS)]
        flow.tell(*({"app": name, **_TROUBLE[case.trouble]} for name in troubled if case.trouble in _TROUBLE))
        running = [name for name in OTHERS if case.trouble != DEAD or name not in troubled]
        for worker in [flow.faust(f"subscribers.{name}") for name in (_HEALTHY, *running)]:
            worker.wait_ready(180)
        flow.send(*placed("warm"))
        until(lambda: flow.records(_RECEIPTS), "the first receipt")
        with open_sender(flow.settings, flow.topology, "test") as sender:
            paced(_PACED_S, _A_SECOND, lambda number: sender.send(placed(f"paced-{number}")[0]))
        until(lambda: len(flow.records(_RECEIPTS)) > _PACED_S * _A_SECOND, "receipts of the paced orders")
        flow.send(*placed(*(f"burst-{number}" for number in range(_BURST))))
        until(lambda: len(flow.records(_RECEIPTS)) > _PACED_S * _A_SECOND + _BURST, "receipts of the burst")
        return _seen(flow)


def _seen(flow: Flow) -> Seen:
    placed_ms = {stored.key: stored.time_ms for stored in flow.records("order.placed.v1")}
    receipts = [(stored.key or b"", stored.time_ms) for stored in flow.records(_RECEIPTS)]
    waits = [ms - placed_ms[key] for key, ms in receipts if key.startswith(b"paced")]
    burst = [ms for key, ms in receipts if key.startswith(b"burst")]
    began = min(ms for key, ms in placed_ms.items() if key and key.startswith(b"burst"))
    return Seen.of(waits, len(burst) / (max(burst) - began) * 1000)


def _map() -> Map:
    wanted = small()
    for name in OTHERS:
        wanted["contexts"][name] = {"owner": "team", "subscribers": {name: {"on": ["order.placed.v1"]}}}
    return wanted


def _modules() -> dict[str, str]:
    wrapped = _MODULE.replace("\n\napp = build(", '\nhear = told("{name}", hear)\napp = build(')
    return {
        f"streams/subscribers/{name}.py": "from told import told\n" + wrapped.format(name=name) for name in OTHERS
    }
