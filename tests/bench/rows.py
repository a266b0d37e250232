"""What is raced: for each row its input topics, its output and its state, and how many events are laid ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench import rules


@dataclass(frozen=True, slots=True)
class Row:
    """`inputs` maps each input topic to (record, key field); `output` is the record published, if any is."""

    name: str
    inputs: Mapping[str, tuple[str, str]]
    events: int
    smoke_events: int
    output: tuple[str, str] | None = None
    react: Callable[..., Any] | None = None
    decide: Callable[..., Any] | None = None
    state: type | None = None


_ORDERS = {"orders": ("OrderPlaced", "order_id")}
_OFFERS = {"offers": ("LeadOffered", "lead_id")}
_LEADS = {**_ORDERS, **_OFFERS, "answers": ("ProviderAcceptedLead", "lead_id")}
_SMALL = {"small": ("OrderCancelled", "order_id")}

ROWS = {
    row.name: row
    for row in (
        Row("no-op", _SMALL, 1_600_000, 600_000, react=rules.nothing),
        Row("new-key", _SMALL, 600_000, 200_000, decide=rules.first_seen, state=rules.Seen),
        Row("avro", _OFFERS, 400_000, 160_000, ("LeadAccepted", "lead_id"), react=rules.accepted),
        Row("w2", _ORDERS, 260_000, 90_000, ("StartLead", "lead_id"), react=rules.started),
        Row("w3", _LEADS, 320_000, 120_000, ("LeadAccepted", "lead_id"), decide=rules.lead, state=rules.Lead),
        Row("ping", _ORDERS, 0, 0, ("StartLead", "lead_id"), react=rules.started),
        Row("count", _SMALL, 300_000, 30_000, ("ReceiptRequested", "order_id"), decide=rules.counted, state=rules.Seen),
        Row("keys", _SMALL, 200_000, 20_000, decide=rules.first_seen, state=rules.Seen),
    )
}
