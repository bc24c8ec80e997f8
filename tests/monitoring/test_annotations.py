"""What marks a restart in the graphs, asked of Prometheus' own evaluation over made-up hours."""

import json
import re
from pathlib import Path

import pytest

from monitoring.dashboards import __main__ as dashboards
from tests.monitoring.test_rules import tool

pytestmark = pytest.mark.monitoring

#: Ten minutes up, then started again: 20 s later, or five minutes, which is more than a window.
#: A sample every 10 s; `stale` is what Prometheus notes of a target that is away.
SERIES = {"short": "100x60 stale 700x60", "long": "100x60 stale _x29 1000x60"}
WINDOW = "1m"


def restarts() -> str:
    path = next(iter(sorted(dashboards.FOLDER.glob("*overview.json"))))
    marks = json.loads(path.read_text(encoding="utf-8"))["annotations"]["list"]
    (expr,) = (mark["expr"] for mark in marks if mark["name"] == "Restarts")
    return re.sub(r"\$(job|instance)", ".+", expr).replace("$__rate_interval", WINDOW)


@pytest.mark.parametrize(("absence", "back"), [("short", 620), ("long", 910)])
def test_a_restart_is_marked_once_however_long_it_took(
    absence: str, back: int, tmp_path: Path
) -> None:
    """Marked while a window reaches back over it; neither before nor later."""
    series = 'process_start_time_seconds{job="giddyup-watch", instance="one"}'
    labels = '{job="giddyup-watch", instance="one"}'
    asked = [(300, False), (600, False), (back, True), (back + 30, True), (back + 120, False)]
    cases = [
        {
            "expr": f"count({restarts()}) by (job, instance) * 0",
            "eval_time": f"{at}s",
            "exp_samples": [{"labels": labels, "value": 0}] if marked else [],
        }
        for at, marked in asked
    ]
    document = {
        "evaluation_interval": "10s",
        "tests": [
            {
                "interval": "10s",
                "input_series": [{"series": series, "values": SERIES[absence]}],
                "promql_expr_test": cases,
            }
        ],
    }
    path = tmp_path / "restarts.yml"
    path.write_text(json.dumps(document))  # which is YAML too
    assert "SUCCESS" in tool("promtool", "test", "rules", path)
