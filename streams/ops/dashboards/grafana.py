"""Dashboards as Grafana's JSON."""

import json
from typing import Any

from streams.contracts.topology import Topology
from streams.ops.dashboards import flow, partners
from streams.ops.dashboards.panels import Panel

_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _HEIGHT = 12, 8


def dashboards(topology: Topology) -> dict[str, str]:
    """File name to content; the app variable of `partners` offers partners only."""
    has_upstreams = any(stanza.upstream is not None for stanza in topology.stanzas.values())
    flowing = flow.PANELS + (flow.UPSTREAM_PANELS if has_upstreams else ())
    return {
        "flow.json": _dashboard("flow", "Crossdock: flow", "crossdock_app_info", flowing),
        "partners.json": _dashboard("partners", "Crossdock: partners", "crossdock_partner_state", partners.PANELS),
    }


def _dashboard(uid: str, title: str, listed_by: str, panels: tuple[Panel, ...]) -> str:
    apps = f'label_values({listed_by}{{prefix=~"$prefix"}}, app)'
    board = {
        "uid": f"crossdock-{uid}",
        "title": title,
        "tags": ["crossdock"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [_variable("prefix", f"label_values({listed_by}, prefix)", ".*"), _variable("app", apps)]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }
    return json.dumps(board, indent=2) + "\n"


def _variable(name: str, query: str, every: str | None = None) -> dict[str, Any]:
    """`every` is the regular expression of All; without it All means each listed value."""
    return {
        "name": name,
        "label": name,
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": every,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": {"x": number % 2 * _WIDTH, "y": number // 2 * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "targets": [
            {"refId": chr(ord("A") + i), "datasource": _SOURCE, "expr": query.expr, "legendFormat": query.legend}
            for i, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": {},
    }


def _field(panel: Panel) -> dict[str, Any]:
    coloured = [("green", None), ("yellow", panel.yellow), ("red", panel.red)]
    steps = [{"color": colour, "value": value} for colour, value in coloured if value is not None or colour == "green"]
    words = {str(value): {"text": word, "index": value} for value, word in enumerate(panel.words)}
    mappings = [{"type": "value", "options": words}] if words else []
    field: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": mappings,
    }
    if panel.kind == "timeseries":
        style = "line" if len(steps) > 1 else "off"
        return field | {
            "min": 0,
            "custom": {"thresholdsStyle": {"mode": style}, "fillOpacity": 10, "showPoints": "never"},
        }
    return field | {"color": {"mode": "thresholds"}}
