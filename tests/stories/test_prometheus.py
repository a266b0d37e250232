"""Operators see what happens: a real Prometheus reads our metrics and answers every query of the dashboards."""

import json
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from streams.contracts.topology_file import load
from streams.domain.events import Event, LeadAccepted, LeadOffered
from streams.ops.alerts import alerts
from streams.ops.compose import DOCKER
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.web import AppStatus
from streams.runtime.web_server import PageServer
from tests.stories.prometheus_server import Prometheus, needs_prometheus, running

ROOT = Path(__file__).parents[2]
APPS = ("leads", "partner_x")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    pages = PageServer(lambda: [AppStatus("leads", "live")], host="127.0.0.1")
    try:
        with running(tmp_path_factory.mktemp("prometheus"), pages.port, DOCKER / "alerts.yml") as server:
            yield server
    finally:
        pages.close()


def work(metrics: AppMetrics) -> None:
    """A little of everything that an engine reports."""
    now = datetime.now(UTC)
    before = now - timedelta(seconds=0.2)
    offered = LeadOffered(lead_id="l", order_id="o", provider_id="p", wave=1, expires_at=now + timedelta(hours=1))
    won = LeadAccepted(lead_id="l", order_id="o", provider_id="p", wave=1, accepted_at=now)
    outputs: list[tuple[Event, datetime]] = [(offered, before), (won, before)]
    metrics.read("order.placed.v1", 3)
    metrics.turn(3, 3, retried=1, parked=1, buried=1)
    metrics.committed(0.02)
    metrics.aborted()
    metrics.observe_outputs(outputs, now)
    metrics.timers([before], now, 0.1)
    metrics.lag("lead.accepted.v1", 0, 4, 2.5)
    metrics.waiting(0, keys=1, records=2, size=300, since=before)
    metrics.open_dead(0, parked=1, buried=1)
    metrics.restoring(0, 0)
    metrics.delivered({"delivered": 2, "unreachable": 1})
    metrics.partner("down")
    metrics.left_out(duplicates=1, overdue=1)
    metrics.received(2)
    metrics.upstream(False)
    metrics.ready(True)
    metrics.clock(timedelta(milliseconds=3))
    metrics.restarted(KafkaException("no answer"))


def queries(dashboard: str) -> dict[str, str]:
    board = json.loads((DOCKER / "grafana" / "dashboards" / dashboard).read_text(encoding="utf-8"))
    chosen = {"$prefix": ".*", "$app": "|".join(APPS), "$__rate_interval": "30s"}
    found = {}
    for panel in board["panels"]:
        for target in panel["targets"]:
            expr = target["expr"]
            for name, value in chosen.items():
                expr = expr.replace(name, value)
            found[f"{panel['title']} {target['refId']}"] = expr
    return found


@needs_prometheus
@pytest.mark.parametrize("dashboard", ["flow.json", "partners.json"])
def test_every_query_of_the_dashboard_has_an_answer(prometheus: Prometheus, dashboard: str) -> None:
    load_map = load(ROOT / "topology.yaml")
    apps = [AppMetrics.of(load_map.stanzas[app]) for app in APPS]
    silent = queries(dashboard)
    deadline = time.monotonic() + 30
    while silent and time.monotonic() < deadline:
        for metrics in apps:
            work(metrics)
        silent = {t: q for t, q in silent.items() if not any(map(math.isfinite, prometheus.query(q)))}
        time.sleep(0.1)
    assert not silent


@needs_prometheus
def test_every_alert_can_be_evaluated(prometheus: Prometheus) -> None:
    for alert in alerts(load(ROOT / "topology.yaml")):
        prometheus.query(alert.expr)
    deadline = time.monotonic() + 10
    while prometheus.unhealthy_rules() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not prometheus.unhealthy_rules()
