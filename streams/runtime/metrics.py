"""Every metric once, typed, with why someone would look at it; app_metrics.py is how an engine reports them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, disable_created_metrics

from streams.runtime.histogram import BatchHistogram

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

APP = ("prefix", "app")
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_AGES = (0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
_SIZES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)


def _counter(name: str, why: str, *labels: str) -> Counter:
    return Counter(f"crossdock_{name}", why, (*APP, *labels), registry=REGISTRY)


def _gauge(name: str, why: str, *labels: str) -> Gauge:
    return Gauge(f"crossdock_{name}", why, (*APP, *labels), registry=REGISTRY)


def _histogram(name: str, why: str, bounds: tuple[float, ...], *labels: str) -> BatchHistogram:
    histogram = BatchHistogram(f"crossdock_{name}", why, (*APP, *labels), bounds)
    REGISTRY.register(histogram)
    return histogram


INFO = _gauge("app_info", "Always 1: which apps run here, of which kind, and whom to call about them.", "kind", "owner")
READY = _gauge("ready", "1 once every task that is ours is live: 0 for long means it cannot restore or reach Kafka.")

READ = _counter(
    "records_read_total", "Records taken from each topic: the traffic, and who stopped hearing it.", "topic"
)
PROCESSED = _counter("records_processed_total", "Records done: 0 while the lag grows means the app is stuck.")
FAILED = _counter("attempts_failed_total", "Attempts that raised: a handler or partner is in trouble.")
DUPLICATES = _counter("duplicates_total", "Events that came again after they were done: stepped over (`dedupe`).")
OVERDUE = _counter("records_overdue_total", "Dead letters because of a deadline: events that came too late to matter.")
RETRIED = _counter("records_retried_total", "Records sent into a retry lane: the trouble that may mend itself.")
PARKED = _counter("records_parked_total", "Dead letters that hold their key: customers who wait for a person.")
BURIED = _counter("records_buried_total", "Dead letters that hold nothing: work that was given up.")
OPEN_DEAD = _gauge("dead_letters_open", "Dead letters nobody has replayed or dropped.", "parked", "partition")

TURN_RECORDS = _histogram("turn_records", "Records a turn: near 1 latency is best, near the cap we are behind.", _SIZES)
TRANSACTION = _histogram(
    "transaction_seconds", "Begin to commit of each transaction that committed: a slow broker shows here first.", _FAST
)
ABORTED = _counter("transactions_aborted_total", "Transactions aborted: some in rebalances, many mean fencing.")
LAG_RECORDS = _gauge("lag_records", "Records committed to the topic that we have not finished.", "topic", "partition")
LAG_SECONDS = _gauge("lag_seconds", "Age of the oldest of them: how late our answers are.", "topic", "partition")

OUTPUT = _histogram(
    "output_seconds", "Append of the cause to commit of the output; its count is what we published.", _AGES, "record"
)
ORDER_TO_OFFER = _histogram(
    "order_to_offer_seconds",
    "Append of the order to the commit of its first wave of offers: what a seller feels.",
    _AGES,
)
TIMER_LATENESS = _histogram(
    "timer_lateness_seconds", "Due time to the commit that fired it: promised below 1 s.", _FAST
)
TIMER_BARRIER = _histogram(
    "timer_barrier_seconds", "Wait of due timers until their inputs were read: long means a foreign transaction.", _FAST
)
CLOCK = _gauge("clock_difference_seconds", "The brokers' clock minus ours: beyond the map's limit timers fire wrongly.")

WAITING_RECORDS = _gauge("waiting_records", "Records that wait behind a failed one of their key.", "partition")
WAITING_BYTES = _gauge("waiting_bytes", "Their size: at max_waiting the source topics of the task pause.", "partition")
HELD_KEYS = _gauge("held_keys", "Keys that are held by a failed record.", "partition")
HELD_SINCE = _gauge("held_since_timestamp_seconds", "When the longest held key began to wait; 0: none.", "partition")

DELIVERIES = _counter("deliveries_total", "Delivery attempts by result: is it one message, or the partner?", "result")
PARTNER = _gauge("partner_state", "0 up, 1 down (probing), 2 paused until somebody resumes it.")

RECEIVED = _counter("messages_received_total", "Messages taken in from a context's own broker: is anything coming?")
UPSTREAM = _gauge("upstream_up", "0 while that broker does not answer: what it holds waits there.")

RESTORING = _gauge("restore_remaining_records", "Changelog records until the task is live: the wait left.", "partition")
RESTARTS = _counter("engine_restarts_total", "Engine restarts in place: more than a few an hour is a fault.", "reason")
