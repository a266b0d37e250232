"""A dashboard panel as a value, and the query shapes that the dashboards share."""

from dataclasses import dataclass
from typing import Literal

SELECTED = 'prefix=~"$prefix", app=~"$app"'


@dataclass(frozen=True, slots=True)
class Query:
    """`legend` is Grafana's template for the name of a line."""

    expr: str
    legend: str = "{{app}}"


@dataclass(frozen=True, slots=True)
class Panel:
    """`unit` is Grafana's name of it; from `yellow` upwards the value is worth a look, from `red` it is trouble."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    yellow: float | None = None
    red: float | None = None
    kind: Literal["timeseries", "state-timeline"] = "timeseries"
    words: tuple[str, ...] = ()  # what the values 0, 1, 2, … mean


def rate(metric: str, by: str = "app", extra: str = "") -> str:
    return f"sum by ({by}) (rate(crossdock_{metric}{{{SELECTED}{extra}}}[$__rate_interval]))"


def quantiles(metric: str, extra: str = "") -> tuple[Query, ...]:
    buckets = rate(f"{metric}_bucket", "le", extra)
    return tuple(Query(f"histogram_quantile({q}, {buckets})", f"p{q * 100:.0f}") for q in (0.5, 0.99))


def highest(metric: str) -> str:
    return f"max by (app) ({current(metric)})"


def current(metric: str, extra: str = "") -> str:
    return f"crossdock_{metric}{{{SELECTED}{extra}}}"


def total(metric: str, extra: str = "") -> str:
    """Summed over partitions; the larger report wins where a partition is just changing hands."""
    return f"sum by (app) (max by (prefix, app, topic, partition) ({current(metric, extra)}))"
