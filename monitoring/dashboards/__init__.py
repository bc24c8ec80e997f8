"""Grafana's dashboards, written as code; `python -m monitoring.dashboards` makes their JSON."""
