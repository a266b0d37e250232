"""One app's share of the metrics: labels bound once, fed a turn at a time, so that the hot path pays little."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

from prometheus_client import Counter, Gauge

from streams.contracts.topology import Stanza
from streams.domain.events import Event, LeadOffered
from streams.runtime import metrics

DeliveryResult = Literal["delivered", "refused", "unreachable", "gone"]
PartnerState = Literal["up", "down", "paused"]
_STATES: dict[PartnerState, int] = {"up": 0, "down": 1, "paused": 2}
_FIRST_WAVE = 1
_UNEXPECTED = "Unexpected"
_REASONS = ("Crash", "KafkaException", _UNEXPECTED)


class AppMetrics:
    """What one app reports; made once an engine, called by its thread. Twice for one group is the same metrics."""

    def __init__(self, group: str, prefix: str = "", max_age: timedelta | None = None) -> None:
        """`max_age` is the saga's: with it the offers tell how long ago their order was placed."""
        self._labels = (prefix, group)
        self._max_age = max_age
        self._gauges: dict[tuple[Gauge, int, tuple[str, ...]], Gauge] = {}
        self._counters: dict[tuple[Counter, str], Counter] = {}
        turn = (metrics.PROCESSED, metrics.FAILED, metrics.RETRIED, metrics.PARKED, metrics.BURIED)
        self._processed, self._failed, self._retried, self._parked, self._buried = (
            counter.labels(*self._labels) for counter in turn
        )
        self._duplicates, self._overdue = (
            counter.labels(*self._labels) for counter in (metrics.DUPLICATES, metrics.OVERDUE)
        )
        self._aborted = metrics.ABORTED.labels(*self._labels)
        self._turn_records = metrics.TURN_RECORDS.of(*self._labels)
        self._transaction = metrics.TRANSACTION.of(*self._labels)
        self._order_to_offer = metrics.ORDER_TO_OFFER.of(*self._labels)
        self._lateness = metrics.TIMER_LATENESS.of(*self._labels)
        self._barrier = metrics.TIMER_BARRIER.of(*self._labels)

    @classmethod
    def of(cls, stanza: Stanza, prefix: str = "") -> "AppMetrics":
        """The metrics of this app, with its kind and owner announced; not ready until it says so."""
        metrics.INFO.labels(prefix, stanza.group, stanza.kind, stanza.owner).set(1)
        metrics.READY.labels(prefix, stanza.group).set(False)
        for reason in _REASONS:  # a counter that begins at 1 has not risen in Prometheus' eyes
            metrics.RESTARTS.labels(prefix, stanza.group, reason)
        return cls(stanza.group, prefix, stanza.policy.max_age if stanza.policy else None)

    def turn(self, processed: int, failed: int = 0, retried: int = 0, parked: int = 0, buried: int = 0) -> None:
        """A turn that committed: records done, attempts that raised, and what became of those."""
        self._processed.inc(processed)
        if failed or retried or parked or buried:
            self._failed.inc(failed)
            self._retried.inc(retried)
            self._parked.inc(parked)
            self._buried.inc(buried)
        self._turn_records.observe((processed + failed,))

    def left_out(self, duplicates: int, overdue: int) -> None:
        """Events that were done already, and events that came too late."""
        self._duplicates.inc(duplicates)
        self._overdue.inc(overdue)

    def committed(self, seconds: float) -> None:
        """A transaction was committed, `seconds` after it began."""
        self._transaction.observe((seconds,))

    def aborted(self) -> None:
        """A transaction was aborted; its turn is counted when it is done again."""
        self._aborted.inc()

    def read(self, topic: str, records: int) -> None:
        """`records` of this turn came from `topic` (logical name)."""
        self._counter(metrics.READ, topic).inc(records)

    def observe_outputs(self, outputs: Iterable[tuple[Event, datetime]], now: datetime) -> None:
        """At commit: each record published with the append time of its cause (a timer's: its due time)."""
        ages: dict[type[Event], list[float]] = {}
        offers: list[LeadOffered] = []
        for record, caused in outputs:
            ages.setdefault(type(record), []).append((now - caused).total_seconds())
            if type(record) is LeadOffered and record.wave == _FIRST_WAVE:
                offers.append(record)
        for kind, seconds in ages.items():
            metrics.OUTPUT.of(*self._labels, kind.__name__).observe(seconds)
        if offers and self._max_age is not None:
            placed = {offer.lead_id: offer.expires_at - self._max_age for offer in offers}
            self._order_to_offer.observe([(now - time).total_seconds() for time in placed.values()])

    def timers(self, due: Iterable[datetime], now: datetime, barrier_seconds: float) -> None:
        """Timers of these due times fired in a commit at `now`, after `barrier_seconds` of waiting for their inputs."""
        self._lateness.observe([(now - time).total_seconds() for time in due])
        self._barrier.observe((barrier_seconds,))

    def lag(self, topic: str, partition: int, records: int, seconds: float) -> None:
        self._gauge(metrics.LAG_RECORDS, partition, topic).set(records)
        self._gauge(metrics.LAG_SECONDS, partition, topic).set(seconds)

    def waiting(self, partition: int, keys: int, records: int, size: int, since: datetime | None) -> None:
        """A task's held keys, the records and bytes behind them, and when the longest held one began to wait."""
        self._gauge(metrics.HELD_KEYS, partition).set(keys)
        self._gauge(metrics.WAITING_RECORDS, partition).set(records)
        self._gauge(metrics.WAITING_BYTES, partition).set(size)
        self._gauge(metrics.HELD_SINCE, partition).set(since.timestamp() if since else 0)

    def open_dead(self, partition: int, parked: int, buried: int) -> None:
        """Dead letters of a task that nobody has replayed or dropped yet."""
        self._gauge(metrics.OPEN_DEAD, partition, "true").set(parked)
        self._gauge(metrics.OPEN_DEAD, partition, "false").set(buried)

    def restoring(self, partition: int, remaining: int) -> None:
        self._gauge(metrics.RESTORING, partition).set(remaining)

    def forget(self, partition: int) -> None:
        """The task has gone elsewhere: its gauges are another worker's to report."""
        for gauge, of, labels in [key for key in self._gauges if key[1] == partition]:
            gauge.remove(*self._labels, *labels, str(of))
            del self._gauges[gauge, of, labels]

    def delivered(self, results: Mapping[DeliveryResult, int]) -> None:
        for result, count in results.items():
            self._counter(metrics.DELIVERIES, result).inc(count)

    def partner(self, state: PartnerState) -> None:
        metrics.PARTNER.labels(*self._labels).set(_STATES[state])

    def received(self, messages: int) -> None:
        """So many came in from upstream, and stand in Kafka."""
        metrics.RECEIVED.labels(*self._labels).inc(messages)

    def upstream(self, is_up: bool | None) -> None:
        """Whether it answers; None: from now on another worker's to report."""
        if is_up is not None:
            metrics.UPSTREAM.labels(*self._labels).set(is_up)
        else:
            with suppress(KeyError):  # nothing was told yet
                metrics.UPSTREAM.remove(*self._labels)

    def ready(self, is_ready: bool) -> None:
        metrics.READY.labels(*self._labels).set(is_ready)

    def clock(self, difference: timedelta) -> None:
        """The brokers' clock minus ours."""
        metrics.CLOCK.labels(*self._labels).set(difference.total_seconds())

    def restarted(self, failure: BaseException) -> None:
        """The reason is one of a few words: the class of an expected failure, or that it was not expected."""
        name = type(failure).__name__
        self._counter(metrics.RESTARTS, name if name in _REASONS else _UNEXPECTED).inc()

    def _counter(self, counter: Counter, label: str) -> Counter:
        bound = self._counters.get((counter, label))
        if bound is None:
            bound = self._counters[counter, label] = counter.labels(*self._labels, label)
        return bound

    def _gauge(self, gauge: Gauge, partition: int, *labels: str) -> Gauge:
        bound = self._gauges.get((gauge, partition, labels))
        if bound is None:
            bound = self._gauges[gauge, partition, labels] = gauge.labels(*self._labels, *labels, str(partition))
        return bound
