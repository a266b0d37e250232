"""When somebody must look, and what they do then: the alert rules, from the map where it sets the limit."""

from dataclasses import dataclass
from typing import Any

import yaml

from streams.contracts.topology import Topology

_APP = "prefix, app"


@dataclass(frozen=True, slots=True)
class Alert:
    """`expr` yields one series an app; `lasting` is how long it must hold, as Prometheus writes durations."""

    name: str
    expr: str
    lasting: str
    severity: str
    summary: str
    action: str


_ALERTS = (
    Alert(
        "PartnerDown",
        f"max by ({_APP}) (crossdock_partner_state) == 1",
        "5m",
        "page",
        "{{ $labels.app }} has been unreachable for 5 minutes",
        "Its messages wait in order and nothing is lost. cli.py partners list shows the backlog; call the partner.",
    ),
    Alert(
        "PartnerPaused",
        f"max by ({_APP}) (crossdock_partner_state) == 2",
        "15m",
        "ticket",
        "{{ $labels.app }} is paused",
        "It answered 410 or somebody paused it. cli.py partners resume starts it again.",
    ),
    Alert(
        "UpstreamDown",
        f"max by ({_APP}) (crossdock_upstream_up) == 0",
        "5m",
        "page",
        "what {{ $labels.app }} reads from has not answered for 5 minutes",
        "Messages wait there and nothing is lost. /ready of the worker says what it waits for; call the app's owner.",
    ),
    Alert(
        "LagGrowing",
        f"max by ({_APP}) (crossdock_lag_seconds) > 60 and "
        f"sum by ({_APP}) (deriv(crossdock_lag_records[10m])) > 0 unless "
        f"max by ({_APP}) (crossdock_partner_state) > 0",
        "10m",
        "page",
        "{{ $labels.app }} is a minute behind and falls further",
        "cli.py lag shows the partitions; start another worker of the app, or see why its attempts fail.",
    ),
    Alert(
        "KeysParked",
        f'sum by ({_APP}) (crossdock_dead_letters_open{{parked="true"}}) > 0',
        "1m",
        "page",
        "{{ $value }} dead letters of {{ $labels.app }} hold their key",
        "Later records of these keys wait. cli.py parked lists them; then cli.py dead replay or drop.",
    ),
    Alert(
        "DeadLetters",
        f"sum by ({_APP}) (increase(crossdock_records_buried_total[15m])) > 10",
        "0m",
        "ticket",
        "{{ $labels.app }} gave up more than 10 records in 15 minutes",
        "cli.py dead list groups them by cause.",
    ),
    Alert(
        "NotReady",
        f"min by ({_APP}, instance) (crossdock_ready) == 0",
        "2m",
        "page",
        "A worker of {{ $labels.app }} has not become ready for 2 minutes",
        "Its /ready says what it waits for; cli.py doctor says what is wrong with the set-up.",
    ),
    Alert(
        "AppGone",
        f"count by ({_APP}) (count_over_time(crossdock_app_info[1h])) unless count by ({_APP}) (crossdock_app_info)",
        "2m",
        "page",
        "No worker of {{ $labels.app }} reports any more",
        "Start it again. If it was retired, this ends by itself within the hour.",
    ),
    Alert(
        "TimersLate",
        f"histogram_quantile(0.99, sum by ({_APP}, le) (rate(crossdock_timer_lateness_seconds_bucket[5m]))) > 1",
        "5m",
        "ticket",
        "Timers of {{ $labels.app }} fire more than a second late",
        "See the panel of the timers' wait for their inputs: an undecided transaction, or an app that lags.",
    ),
    Alert(
        "Restarting",
        f"sum by ({_APP}) (increase(crossdock_engine_restarts_total[30m])) > 3",
        "0m",
        "page",
        "{{ $labels.app }} restarted more than 3 times in 30 minutes",
        "The worker's log names the error that ended it each time.",
    ),
)


def alerts(topology: Topology) -> tuple[Alert, ...]:
    """Every alert; the limits that the map sets are taken from it."""
    skew = topology.max_clock_skew.total_seconds()
    clock = Alert(
        "ClockSkew",
        f"max by ({_APP}) (abs(crossdock_clock_difference_seconds)) > {skew:g}",
        "1m",
        "page",
        "The clocks of {{ $labels.app }} and the brokers differ by {{ $value }} s",
        f"Beyond {skew:g} s a timer may fire early. Mend time synchronisation on that host.",
    )
    return (*_ALERTS, clock)


def rules(topology: Topology) -> str:
    """The rules file; every alert carries the owner that the map names for the app."""
    owned = f"* on ({_APP}) group_left (owner) max by ({_APP}, owner) (max_over_time(crossdock_app_info[1h]))"
    rules: list[dict[str, Any]] = [
        {
            "alert": f"Crossdock{alert.name}",
            "expr": f"({alert.expr}) {owned}",
            "for": alert.lasting,
            "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.summary, "action": alert.action},
        }
        for alert in alerts(topology)
    ]
    return yaml.safe_dump({"groups": [{"name": "crossdock", "rules": rules}]}, sort_keys=False, width=1000)
