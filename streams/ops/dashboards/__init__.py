"""The Grafana dashboards, generated: what they show is data, one file a dashboard."""
