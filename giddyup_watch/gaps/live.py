"""The live answer about one day: every check asked now, nothing written, nothing remembered."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from giddyup_watch import model
from giddyup_watch.gaps import checks
from giddyup_watch.gaps.check import Ask, Check, Finding


def answer(ask: Ask, on: dt.date) -> dict[str, object]:
    """The document of `GET gaps?on=`; see docs/operations.md.

    Each check is asked about its own days before `on`; those of `ask` do not
    matter. A check of the tree while there is none says `skipped`.
    """
    found = {check: _found(check, ask, on) for check in checks.registered()}
    severities = [one.severity for findings in found.values() for one in findings or ()]
    critical, warnings = (severities.count(name) for name in ("critical", "warning"))
    return {
        "date": on.isoformat(),
        "checks": {check.name: _listed(check, findings) for check, findings in found.items()},
        "summary": {
            "total_issues": critical + warnings,
            "critical": critical,
            "warnings": warnings,
        },
    }


def _found(check: Check, ask: Ask, on: dt.date) -> list[Finding] | None:
    """Findings about the day; None when there is no tree to look at."""
    if check.scope == "disk" and ask.disk is None:
        return None
    days = check.days(on)
    findings = check(replace(ask, days=days))
    return [one for one in findings if concerns(one, days, on, ask.today)]


def concerns(finding: Finding, days: Iterable[dt.date], on: dt.date, today: dt.date) -> bool:
    """Whether it is about the day: of the day itself, of its month; else it is of today."""
    if finding.day is not None:
        return finding.day in days
    month = finding.key.rpartition("/")[2]
    return month == f"{on:%Y-%m}" if model.is_month(month) else on == today


def _listed(check: Check, findings: list[Finding] | None) -> dict[str, object]:
    items = [one.item for one in findings or ()]
    skipped = {} if findings is not None else {"skipped": "the tree is not there"}
    return {"count": len(items), check.listing: items, **skipped}
