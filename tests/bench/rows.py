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
    partitions: int = 4


_ORDERS = {"orders": ("OrderPlaced", "order_id")}
_OFFERS = {"offers": ("LeadOffered", "lead_id")}
_LEADS = {**_ORDERS, **_OFFERS, "answers": ("ProviderAcceptedLead", "lead_id")}
_SMALL = {"small": ("OrderCancelled", "order_id")}
_RECEIPT, _ACCEPTED = ("ReceiptRequested", "order_id"), ("LeadAccepted", "lead_id")

ROWS = {
    row.name: row
    for row in (
        Row("no-op", _SMALL, 1_200_000, 600_000, react=rules.nothing),
        Row("count-keys", _SMALL, 800_000, 400_000, decide=rules.first_seen, state=rules.Seen),
        Row("count-out", _SMALL, 600_000, 200_000, _RECEIPT, decide=rules.counted, state=rules.Seen),
        Row("new-key", _SMALL, 600_000, 200_000, decide=rules.first_seen, state=rules.Seen),
        Row("avro", _OFFERS, 400_000, 160_000, _ACCEPTED, react=rules.accepted),
        Row("w2", _ORDERS, 400_000, 90_000, ("StartLead", "lead_id"), react=rules.started),
        Row("w3", _LEADS, 400_000, 120_000, _ACCEPTED, decide=rules.lead, state=rules.Lead),
        Row("ping", _ORDERS, 0, 0, ("StartLead", "lead_id"), react=rules.started),
        Row("count", _SMALL, 300_000, 30_000, _RECEIPT, decide=rules.counted, state=rules.Seen),
        Row("keys", _SMALL, 200_000, 20_000, _RECEIPT, decide=rules.counted, state=rules.Seen),
        Row("slow", _SMALL, 10_000, 2_000, partitions=1),
    )
}
