"""The dashboard `partners`: who can be reached, what waits for them, and what was given up."""

from streams.ops.dashboards.panels import Panel, Query, current, highest, rate, total

_HELD_SINCE = current("held_since_timestamp_seconds")

PANELS = (
    Panel(
        "State",
        "Down: probing until one delivery succeeds. Paused: by hand or by the partner's 410, until partners resume.",
        "short",
        (Query(highest("partner_state")),),
        yellow=1,
        red=2,
        kind="state-timeline",
        words=("up", "down", "paused"),
    ),
    Panel(
        "Deliveries by result",
        "Attempts: delivered; failed is about one message; unreachable and gone are about the partner.",
        "reqps",
        (Query(rate("deliveries_total", "app, result"), "{{app}} {{result}}"),),
    ),
    Panel(
        "Backlog",
        "Records not delivered yet: in the log, in retry lanes, and waiting behind a failed one of their key.",
        "short",
        (Query(f"{total('lag_records')} + {total('waiting_records')}"),),
        yellow=1000,
        red=100000,
    ),
    Panel(
        "Oldest undelivered",
        "How long the partner has been owed something. Must stay well below the retention of its topic (7 days).",
        "s",
        (
            Query(highest("lag_seconds"), "{{app}} unread"),
            Query(f"max by (app) ((time() - {_HELD_SINCE}) * ({_HELD_SINCE} > bool 0))", "{{app}} failing"),
        ),
        yellow=3600,
        red=302400,
    ),
    Panel(
        "Retries",
        "Deliveries sent into a retry lane.",
        "reqps",
        (Query(rate("records_retried_total")),),
    ),
    Panel(
        "Held keys",
        "Keys whose oldest record keeps failing, so that later ones wait.",
        "short",
        (Query(total("held_keys")),),
        yellow=1,
        red=100,
    ),
    Panel(
        "Open dead letters",
        "Given up and not yet replayed or dropped; parked ones hold their key. cli.py dead list shows why.",
        "short",
        (
            Query(total("dead_letters_open", ', parked="false"'), "{{app}} buried"),
            Query(total("dead_letters_open", ', parked="true"'), "{{app}} parked"),
        ),
        yellow=1,
        red=100,
    ),
    Panel(
        "Dead letters made",
        "Deliveries given up, by what becomes of their key.",
        "reqps",
        (
            Query(rate("records_buried_total"), "{{app}} buried"),
            Query(rate("records_parked_total"), "{{app}} parked"),
        ),
    ),
    Panel(
        "Came again",
        "Events that had been delivered and came once more within `dedupe`: stepped over. Somebody publishes twice.",
        "reqps",
        (Query(rate("duplicates_total")),),
    ),
    Panel(
        "Too late",
        "Dead letters because of a deadline, the stanza's or the event's own: longer down than its events matter.",
        "reqps",
        (Query(rate("records_overdue_total")),),
    ),
)
