"""Every alert says how bad it is, what has happened, and where to read what to do."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
ALERTS = (REPOSITORY / "monitoring/rules/giddyup-watch.alerts.yml").read_text(encoding="utf-8")
RULES = [f"- alert: {one}" for one in ALERTS.split("- alert: ")[1:]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.split()[2])
def test_an_alert_is_complete(rule: str) -> None:
    name = rule.split()[2]
    assert re.search(r"\n +for: \d+[smh]\n", rule)
    assert re.search(r"\n +severity: (critical|warning|none)\n", rule)
    assert re.search(r"\n +summary: \S.*\.\n", rule)
    assert "\n          description: " in rule
    assert f"\n          runbook_url: docs/operations.md#{name.lower()}\n" in rule


def test_the_runbook_has_a_paragraph_for_each_alert_and_no_other() -> None:
    runbook = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
    names = list(dict.fromkeys(rule.split()[2] for rule in RULES))
    assert re.findall(r"^### (GiddyupWatch\w+)$", runbook, re.MULTILINE) == names
