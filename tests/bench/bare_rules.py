"""The rules of the rows over dicts, for the bare loop and Python peers: (output, new state) of an event and a state."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

MAX_AGE = timedelta(hours=2)
Fields = dict[str, Any]
Rule = Callable[[Fields, Fields | None, datetime], tuple[Fields | None, Fields | None]]


def nothing(event: Fields, state: Fields | None, at: datetime) -> tuple[Fields | None, Fields | None]:
    return None, None


def first_seen(event: Fields, state: Fields | None, at: datetime) -> tuple[Fields | None, Fields | None]:
    return None, {"count": 1 if state is None else state["count"] + 1}


def counted(event: Fields, state: Fields | None, at: datetime) -> tuple[Fields | None, Fields | None]:
    count = 1 if state is None else state["count"] + 1
    receipt = {"order_id": event["order_id"], "customer_id": "", "total_cents": count, "item_count": 1}
    return receipt, {"count": count}


def accepted(event: Fields, state: Fields | None, at: datetime) -> tuple[Fields | None, Fields | None]:
    return _won(event["lead_id"], event["provider_id"], event["order_id"], event["expires_at"]), None


def started(order: Fields, state: Fields | None, at: datetime) -> tuple[Fields | None, Fields | None]:
    lead = {
        "lead_id": f"lead-{order['order_id']}",
        "order_id": order["order_id"],
        "city": order["customer"]["city"],
        "state": order["customer"]["state"],
        "categories": list(dict.fromkeys(item["category"] for item in order["items"])),
        "total_cents": order["total_cents"],
        "priority": order["priority"],
    }
    return {"lead_id": lead["lead_id"], "lead": lead, "expires_at": at + MAX_AGE}, None


def lead(event: Fields, state: Fields | None, at: datetime) -> tuple[Fields | None, Fields | None]:
    key = event.get("lead_id") or event["order_id"]
    state = state or {"lead_id": key, "total_cents": 0, "offers": [], "winner": None, "seen": 0}
    output = None
    state["seen"] += 1
    if "items" in event:
        state["total_cents"] = event["total_cents"]
    elif "wave" in event:
        state["offers"].append(event["provider_id"])
    elif state["winner"] is None:
        state["winner"] = event["provider_id"]
        output = _won(key, event["provider_id"], key, at)
    return output, state


def _won(lead_id: str, provider_id: str, order_id: str, at: datetime) -> Fields:
    return {"lead_id": lead_id, "order_id": order_id, "provider_id": provider_id, "wave": 1, "accepted_at": at}


def id_of(output: Fields) -> str:
    """The key of an output."""
    found: str = output.get("lead_id") or output["order_id"]
    return found


RULES: dict[str, Rule] = {
    "no-op": nothing, "count-keys": first_seen, "count-out": counted, "new-key": first_seen, "avro": accepted,
    "w2": started, "ping": started, "w3": lead, "keys": counted,
}  # fmt: skip
