"""Check 11 with figures: what healthy partners notice while others of the ten are dead, slow or refuse everything."""

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from streams.domain.events import LeadAccepted
from streams.ops.sender import open_sender
from tests.chaos.endpoint import Endpoint
from tests.flow import SECRET, Flow, Map, small
from tests.isolation.case import DEAD, LYING, POISONED, SLOW, Case, Seen, cases, paced
from tests.worker import free_port, until

CASES = cases(DEAD, SLOW, LYING, POISONED)
PARTNERS = [f"p{number}" for number in range(10)]
_BURST, _A_SECOND, _PACED_S, _SLOW_S = 300, 10, 20, 5.0
_TOPIC = "lead.accepted.v1"


class Webhook(Endpoint):
    """Knows when each lead came first; in trouble it answers late, refuses, or takes a lead and denies it."""

    def __init__(self, trouble: str | None) -> None:
        super().__init__(SECRET, seed=1)
        self.came: dict[str, float] = {}
        self._trouble = trouble

    def answer(self, body: str, headers: dict[str, str]) -> int | None:
        self.came.setdefault(json.loads(body)["data"]["lead_id"], time.time() * 1000)
        if self._trouble == SLOW:
            time.sleep(_SLOW_S)
        return {POISONED: 400, LYING: 500}.get(self._trouble or "", 204)


def measure(broker: str, home: Path, case: Case) -> Seen:
    """Accepted leads at an even pace, then a burst; every partner's app is a process of its own."""
    others = PARTNERS[1:]
    troubled = {name: case.trouble for name in others[: case.among(others)]}
    with ExitStack() as stack:
        hooks = {name: stack.enter_context(Webhook(troubled.get(name))) for name in PARTNERS}
        flow = stack.enter_context(Flow(broker, home, _map(hooks, troubled)))
        for worker in [flow.faust(f"partners:{name}") for name in PARTNERS]:
            worker.wait_ready(180)
        healthy = [hooks[name] for name in PARTNERS if name not in troubled]
        flow.send(_lead("warm"))
        _until_taken(healthy, 1)
        with open_sender(flow.settings, flow.topology, "test") as sender:
            paced(_PACED_S, _A_SECOND, lambda number: sender.send(_lead(f"paced-{number}")))
        _until_taken(healthy, 1 + _PACED_S * _A_SECOND)
        began_ms = time.time() * 1000
        flow.send(*(_lead(f"burst-{number}") for number in range(_BURST)))
        _until_taken(healthy, 1 + _PACED_S * _A_SECOND + _BURST)
        return _seen(flow, healthy, began_ms)


def _seen(flow: Flow, healthy: list[Webhook], began_ms: float) -> Seen:
    sent_ms = {(stored.key or b"").decode(): stored.time_ms for stored in flow.records(_TOPIC)}
    waits = [ms - sent_ms[lead] for hook in healthy for lead, ms in hook.came.items() if lead.startswith("paced")]
    last_ms = max(max(hook.came.values()) for hook in healthy)
    return Seen.of(waits, _BURST / (last_ms - began_ms) * 1000)


def _until_taken(hooks: list[Webhook], count: int) -> None:
    until(lambda: all(len(hook.came) >= count for hook in hooks), f"{count} messages at each healthy partner")


def _lead(lead_id: str) -> LeadAccepted:
    now = datetime.now(UTC)
    return LeadAccepted(lead_id=lead_id, order_id=lead_id, provider_id="p", wave=1, accepted_at=now)


def _map(hooks: dict[str, Webhook], troubled: dict[str, str]) -> Map:
    wanted = small()
    wanted["partners"] = {
        name: {
            "owner": "team", "on": [_TOPIC], "retry": "patient",
            "channel": {
                "webhook": f"http://127.0.0.1:{free_port()}/" if troubled.get(name) == DEAD else hook.url,
                "secret_env": "PARTNER_X_SECRET", "timeout": "2s", "allow_private": True,
            },
        }
        for name, hook in hooks.items()
    }  # fmt: skip
    return wanted
