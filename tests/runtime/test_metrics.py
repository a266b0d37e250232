"""What an app reports is what happened, in base units, and ends when its task goes elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.domain.events import LeadAccepted, LeadOffered
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.histogram import BatchHistogram
from streams.runtime.metrics import REGISTRY

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def value(name: str, app: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"crossdock_{name}", {"prefix": "", "app": app} | labels)


def offer(lead: str, wave: int, expires_at: datetime) -> LeadOffered:
    return LeadOffered(lead_id=lead, order_id="o", provider_id="p", wave=wave, expires_at=expires_at)


def test_a_turn_counts_what_became_of_its_records(request: pytest.FixtureRequest) -> None:
    app = request.node.name
    metrics = AppMetrics(app)
    metrics.turn(7, 3, retried=1, parked=1, buried=1)
    metrics.turn(5)
    counted = {name: value(name, app) for name in ("records_processed_total", "attempts_failed_total")}
    assert counted == {"records_processed_total": 12, "attempts_failed_total": 3}
    assert [value(f"records_{fate}_total", app) for fate in ("retried", "parked", "buried")] == [1, 1, 1]
    assert value("turn_records_count", app) == 2
    assert value("turn_records_sum", app) == 15


def test_counters_exist_at_zero_before_anything_happens(request: pytest.FixtureRequest) -> None:
    AppMetrics(request.node.name)
    assert value("records_parked_total", request.node.name) == 0


def test_two_reporters_of_one_app_add_up(request: pytest.FixtureRequest) -> None:
    app = request.node.name
    for metrics in (AppMetrics(app), AppMetrics(app)):
        metrics.turn(1)
        metrics.committed(0.02)
    assert value("records_processed_total", app) == 2
    assert value("transaction_seconds_count", app) == 2


def test_an_output_is_as_old_as_the_append_of_its_cause(request: pytest.FixtureRequest) -> None:
    app = request.node.name
    won = LeadAccepted(lead_id="l", order_id="o", provider_id="p", wave=1, accepted_at=NOW)
    AppMetrics(app).observe_outputs([(won, NOW - timedelta(milliseconds=40))], NOW)
    assert value("output_seconds_sum", app, record="LeadAccepted") == pytest.approx(0.04)
    assert value("output_seconds_bucket", app, record="LeadAccepted", le="0.03") == 0
    assert value("output_seconds_bucket", app, record="LeadAccepted", le="0.05") == 1


def test_only_the_first_wave_tells_the_time_since_the_order_and_once_a_lead(request: pytest.FixtureRequest) -> None:
    app = request.node.name
    metrics = AppMetrics(app, max_age=timedelta(hours=2))
    deadline = NOW + timedelta(hours=2) - timedelta(seconds=3)
    outputs = [offer("a", 1, deadline), offer("a", 1, deadline), offer("b", 2, deadline)]
    metrics.observe_outputs([(record, NOW) for record in outputs], NOW)
    assert value("order_to_offer_seconds_count", app) == 1
    assert value("order_to_offer_seconds_sum", app) == pytest.approx(3)
    assert value("output_seconds_count", app, record="LeadOffered") == 3


def test_timers_tell_how_late_they_fired(request: pytest.FixtureRequest) -> None:
    app = request.node.name
    AppMetrics(app).timers([NOW - timedelta(milliseconds=200), NOW - timedelta(milliseconds=400)], NOW, 0.1)
    assert value("timer_lateness_seconds_sum", app) == pytest.approx(0.6)
    assert value("timer_barrier_seconds_count", app) == 1


def test_a_task_that_has_gone_reports_nothing_and_its_neighbour_goes_on(request: pytest.FixtureRequest) -> None:
    app = request.node.name
    metrics = AppMetrics(app)
    for partition in (0, 1):
        metrics.lag("order.placed.v1", partition, 5, 1.5)
        metrics.waiting(partition, keys=1, records=2, size=300, since=NOW)
        metrics.open_dead(partition, parked=1, buried=0)
    metrics.forget(0)
    assert value("lag_records", app, topic="order.placed.v1", partition="0") is None
    assert value("dead_letters_open", app, parked="true", partition="0") is None
    assert value("lag_records", app, topic="order.placed.v1", partition="1") == 5
    assert value("held_since_timestamp_seconds", app, partition="1") == NOW.timestamp()
    metrics.lag("order.placed.v1", 0, 0, 0)
    assert value("lag_records", app, topic="order.placed.v1", partition="0") == 0


def test_every_metric_says_why_and_uses_base_units() -> None:
    families = [f for f in text_string_to_metric_families(generate_latest(REGISTRY).decode()) if "crossdock" in f.name]
    assert len(families) > 25
    for family in families:
        assert len(family.documentation) > 20, family.name
        assert not family.name.endswith(("_ms", "_milliseconds", "_minutes", "_kb")), family.name


@given(st.lists(st.floats(-5, 5000, allow_nan=False)))
def test_a_batch_is_counted_like_one_by_one(values: list[float]) -> None:
    bounds = (0.005, 0.1, 1.0, 60.0)
    observed = BatchHistogram("h", "why", (), bounds).of()
    observed.observe(values)
    buckets, total = observed.cumulative()
    expected = [sum(max(v, 0) <= bound for v in values) for bound in (*bounds, float("inf"))]
    assert [count for _, count in buckets] == expected
    assert total == pytest.approx(sum(max(v, 0) for v in values))
