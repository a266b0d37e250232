"""Each alert fires when it should, names the owner, and stays silent when all is well."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from streams.contracts.topology_file import load
from streams.ops.alerts import alerts
from streams.ops.compose import DOCKER
from tests.stories.prometheus_server import needs_prometheus

ROOT = Path(__file__).parents[2]
APP = 'prefix="", app="fraud"'


@dataclass(frozen=True)
class Case:
    """`series` in promtool's notation, a value a minute; it fires at minute `fires`, not (or no more) at `quiet`."""

    alert: str
    series: tuple[tuple[str, str], ...]
    fires: int | None
    quiet: int


def of(metric: str, labels: str = "") -> str:
    return f"crossdock_{metric}{{{APP}{labels}}}"


PARTNER = of("partner_state")
LAG, BEHIND = of("lag_records", ', topic="t", partition="0"'), of("lag_seconds", ', topic="t", partition="0"')
PARKED = of("dead_letters_open", ', parked="true", partition="3"')
READY = of("ready", ', instance="a"')
RESTARTS = of("engine_restarts_total", ', reason="KafkaException"')
IN_TIME, LATE, ALL = (of("timer_lateness_seconds_bucket", f', le="{le}"') for le in ("1.0", "2.5", "+Inf"))

CASES = [
    Case("PartnerDown", ((PARTNER, "0x4 1x30"),), fires=11, quiet=8),
    Case("PartnerDown", ((PARTNER, "1x3 0x30"),), fires=None, quiet=12),
    Case("PartnerPaused", ((PARTNER, "2x30"),), fires=16, quiet=10),
    Case("UpstreamDown", ((of("upstream_up"), "1x4 0x30"),), fires=11, quiet=8),
    Case("UpstreamDown", ((of("upstream_up"), "0x3 1x30"),), fires=None, quiet=12),
    Case("LagGrowing", ((LAG, "0+100x40"), (BEHIND, "61x40")), fires=20, quiet=5),
    Case("LagGrowing", ((LAG, "4000-100x40"), (BEHIND, "61x40")), fires=None, quiet=20),
    Case("LagGrowing", ((LAG, "0+100x40"), (BEHIND, "61x40"), (PARTNER, "1x40")), fires=None, quiet=20),
    Case("KeysParked", ((PARKED, "0x4 1x30"),), fires=7, quiet=4),
    Case("DeadLetters", ((of("records_buried_total"), "0x10 20x30"),), fires=12, quiet=9),
    Case("NotReady", ((READY, "1x4 0x30"),), fires=8, quiet=5),
    Case("ClockSkew", ((of("clock_difference_seconds"), "0.1x4 -0.3x30"),), fires=7, quiet=4),
    Case("TimersLate", ((IN_TIME, "0x30"), (LATE, "0+5x30"), (ALL, "0+5x30")), fires=12, quiet=3),
    Case("TimersLate", ((IN_TIME, "0+5x30"), (LATE, "0+5x30"), (ALL, "0+5x30")), fires=None, quiet=12),
    Case("Restarting", ((RESTARTS, "0x4 0+1x30"),), fires=12, quiet=5),
]


def rule_test(case: Case, info: str, severity: str) -> dict[str, object]:
    query = (
        f'count by (alertname, app, owner, severity) (ALERTS{{alertname="Crossdock{case.alert}", alertstate="firing"}})'
    )
    labels = f'{{alertname="Crossdock{case.alert}", app="fraud", owner="team-risk", severity="{severity}"}}'
    fired = [{"expr": query, "eval_time": f"{case.fires}m", "exp_samples": [{"labels": labels, "value": 1}]}]
    silent = {"expr": query, "eval_time": f"{case.quiet}m", "exp_samples": []}
    announced = (of("app_info", ', kind="subscriber", owner="team-risk"'), info)
    series = [{"series": name, "values": values} for name, values in (*case.series, announced)]
    return {
        "name": f"{case.alert} {case.series[0][1]}",
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [silent, *(fired if case.fires is not None else [])],
    }


@needs_prometheus
def test_every_alert_fires_in_time_and_only_then(tmp_path: Path) -> None:
    severity = {alert.name: alert.severity for alert in alerts(load(ROOT / "topology.yaml"))}
    gone = Case("AppGone", ((READY, "1x60"),), fires=14, quiet=9)
    tests = [rule_test(case, "1x60", severity[case.alert]) for case in CASES]
    tests.append(rule_test(gone, "1x10 stale", severity["AppGone"]))
    assert {case.alert for case in CASES} | {"AppGone"} == set(severity)
    file = tmp_path / "alerts_test.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(DOCKER / "alerts.yml")], "evaluation_interval": "1m", "tests": tests}),
        encoding="utf-8",
    )
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
@pytest.mark.parametrize("command", [["check", "rules", "alerts.yml"], ["check", "config", "prometheus.yml"]])
def test_promtool_accepts_what_prometheus_is_given(command: list[str]) -> None:
    done = subprocess.run(["promtool", *command], check=False, cwd=DOCKER, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
