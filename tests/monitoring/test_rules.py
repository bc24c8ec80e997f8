"""The rules as Prometheus' own tools see them, and each alert in both of its states."""

import re
import subprocess
from pathlib import Path

import pytest

MONITORING = Path(__file__).resolve().parents[2] / "monitoring"
RULES = MONITORING / "rules"
ALERTS = (RULES / "giddyup-watch.alerts.yml").read_text(encoding="utf-8")
CASES = MONITORING / "tests" / "giddyup-watch.test.yml"
NAMES = sorted(set(re.findall(r"- alert: (\w+)", ALERTS)))

pytestmark = pytest.mark.monitoring


def tool(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_reads_rules_and_example() -> None:
    said = tool("promtool", "check", "rules", "--lint-fatal", *sorted(RULES.glob("*.yml")))
    assert said.count("SUCCESS") == 2
    tool("promtool", "check", "config", "--lint-fatal", MONITORING / "prometheus.yml")


def test_alertmanager_reads_the_example() -> None:
    tool("amtool", "check-config", MONITORING / "alertmanager.yml")


def test_every_alert_fires_when_it_should_and_not_before() -> None:
    assert "SUCCESS" in tool("promtool", "test", "rules", CASES)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "GiddyupWatchWatchdog"])
def test_an_alert_has_a_case_of_both_states(name: str) -> None:
    expected = re.findall(
        rf"alertname: {name}\n +exp_alerts:( \[\])?", CASES.read_text(encoding="utf-8")
    )
    assert {"", " []"} == set(expected)
