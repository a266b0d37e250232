"""The dashboard `flow`: from order to accepted lead, and what holds it up."""

from streams.ops.dashboards.panels import Panel, Query, current, highest, quantiles, rate, total

LEAD_ENDS = ', record=~"Lead(Accepted|Expired|Cancelled|Escalated|Widened)"'

PANELS = (
    Panel(
        "Orders",
        "Orders that each app takes from order.placed.v1. Apps that hear orders should run side by side.",
        "reqps",
        (Query(rate("records_read_total", extra=', topic="order.placed.v1"')),),
    ),
    Panel(
        "Leads by stage reached",
        "How leads move: accepted is the aim; many expired or escalated means too few providers.",
        "reqps",
        (Query(rate("output_seconds_count", "record", LEAD_ENDS), "{{record}}"),),
    ),
    Panel(
        "Offers",
        "Offers made to providers and taken back from them.",
        "reqps",
        (Query(rate("output_seconds_count", "record", ', record=~"LeadOffer.*"'), "{{record}}"),),
    ),
    Panel(
        "Order to first offer",
        "From the order's append to the commit of its first wave of offers, through every step of the slip.",
        "s",
        quantiles("order_to_offer_seconds"),
        yellow=1,
        red=5,
    ),
    Panel(
        "Acceptance to LeadAccepted",
        "From a provider's acceptance to the answer: what the winner waits.",
        "s",
        quantiles("output_seconds", ', record="LeadAccepted"'),
        yellow=0.1,
        red=1,
    ),
    Panel(
        "Lag in records",
        "Records not finished yet, by app. A line that only rises belongs to an app that is stuck or too slow.",
        "short",
        (Query(total("lag_records")),),
        yellow=1000,
        red=100000,
    ),
    Panel(
        "Lag in seconds",
        "Age of the oldest unfinished record: how late the app's answers are.",
        "s",
        (Query(highest("lag_seconds")),),
        yellow=10,
        red=60,
    ),
    Panel(
        "Failed attempts and retries",
        "Attempts that raised, and records sent to a retry lane because of it.",
        "reqps",
        (
            Query(rate("attempts_failed_total"), "{{app}} failed"),
            Query(rate("records_retried_total"), "{{app}} retried"),
        ),
    ),
    Panel(
        "Open dead letters",
        "Dead letters that nobody has replayed or dropped: cli.py dead list shows why.",
        "short",
        (Query(total("dead_letters_open", ', parked="false"')),),
        yellow=1,
        red=100,
    ),
    Panel(
        "Parked keys",
        "Dead letters that hold their key: everything later of that key waits. cli.py parked lists them.",
        "short",
        (Query(total("dead_letters_open", ', parked="true"')),),
        red=1,
    ),
    Panel(
        "Waiting behind failures",
        "Bytes that wait behind a failed record of their key; at max_waiting the source topics pause.",
        "bytes",
        (Query(total("waiting_bytes")),),
    ),
    Panel(
        "Records done",
        "Records that each app has finished. 0 while its lag grows: it is stuck.",
        "reqps",
        (Query(rate("records_processed_total")),),
    ),
    Panel(
        "Transactions",
        "Committed transactions, and those that had to be aborted.",
        "ops",
        (
            Query(rate("transaction_seconds_count")),
            Query(rate("transactions_aborted_total"), "{{app}} aborted"),
        ),
    ),
    Panel(
        "Transaction duration",
        "Begin to commit. A slow broker shows here before anywhere else.",
        "s",
        quantiles("transaction_seconds"),
        yellow=0.1,
        red=1,
    ),
    Panel(
        "Records a turn",
        "Mean records a transaction: high means the app is catching up.",
        "short",
        (Query(f"{rate('turn_records_sum')} / {rate('turn_records_count')}"),),
    ),
    Panel(
        "Timer lateness",
        "Due time to the commit that fired it; promised below one second while the app is caught up.",
        "s",
        quantiles("timer_lateness_seconds"),
        yellow=0.5,
        red=1,
    ),
    Panel(
        "Timers' wait for their inputs",
        "Due timers wait until their inputs are read; long waits point to somebody's undecided transaction.",
        "s",
        quantiles("timer_barrier_seconds"),
        yellow=0.5,
        red=5,
    ),
    Panel(
        "Clock difference",
        "The brokers' clock minus the worker's. Beyond max_clock_skew timers may fire too early.",
        "s",
        (Query(f"max by (app) (abs({current('clock_difference_seconds')}))"),),
        yellow=0.1,
        red=0.25,
    ),
    Panel(
        "Restoring",
        "Changelog records still to be read before the app's tasks are live.",
        "short",
        (Query(total("restore_remaining_records")),),
    ),
    Panel(
        "Ready",
        "Workers that are live, by app.",
        "short",
        (Query(f"sum by (app) ({current('ready')})"),),
    ),
    Panel(
        "Restarts of engines",
        "Engine restarts in place within the last hour, by reason.",
        "short",
        (
            Query(
                f"sum by (app, reason) (increase({current('engine_restarts_total')}[1h]))",
                "{{app}} {{reason}}",
            ),
        ),
        yellow=1,
        red=3,
    ),
)

# where the map has a context on a broker of its own: elsewhere nothing has these metrics
UPSTREAM_PANELS = (
    Panel(
        "From contexts' own brokers",
        "Messages taken in, and events that came again and were stepped over. None, where some should be: look there.",
        "reqps",
        (
            Query(rate("messages_received_total"), "{{app}} received"),
            Query(rate("duplicates_total"), "{{app}} came again"),
        ),
    ),
    Panel(
        "Contexts' own brokers",
        "Away: it does not answer, and what it holds waits there. /ready says what is wrong.",
        "short",
        (Query(f"min by (app) ({current('upstream_up')})"),),
        kind="state-timeline",
        words=("away", "there"),
    ),
)
