"""Checks that find what a test puts before them, or fail as a statement fails."""

import datetime as dt
from dataclasses import dataclass, field

from giddyup_watch.gaps.check import Ask, Check, Finding, Scope, Severity

#: What a check about rows finds is of a day.
Found = dict[str, Finding]


def finding(
    key: str,
    *,
    check: str = "lost",
    severity: Severity = "warning",
    text: str = "it is lost",
    day: dt.date | None = None,
    **item: object,
) -> Finding:
    return Finding(check, key, severity, text, item, day, "gb", "flat")


@dataclass
class Script:
    """What a check will answer, and what it was asked."""

    name: str = "lost"
    scope: Scope = "ledger"
    family: str = ""
    incident: bool = True
    findings: Found = field(default_factory=dict)
    broken: bool = False
    asked: list[Ask] = field(default_factory=list)

    def find(self, *found: Finding) -> None:
        self.findings = {one.key: one for one in found}

    def answer(self, ask: Ask) -> list[Finding]:
        self.asked.append(ask)
        if self.broken:
            ask.conn.execute(b"SELECT 1 / 0")
        return [
            one for one in self.findings.values() if self.scope != "rows" or one.day in ask.days
        ]

    @property
    def check(self) -> Check:
        return Check(
            self.name,
            f"The check {self.name}",
            "warning",
            self.scope,
            "look for it",
            self.family or self.name,
            "items",
            self.incident,
            (0, 0),
            self.answer,
        )
