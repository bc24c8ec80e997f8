"""The live answer about one day: every check asked now, nothing written, nothing remembered."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from giddyup_watch import model
from giddyup_watch.gaps import checks
from giddyup_watch.gaps.check import NO_TURN, Ask, Check, Finding

Found = Mapping[Check, Sequence[Finding] | None]


def answer(ask: Ask, on: dt.date) -> dict[str, object]:
    """The document of `GET gaps?on=`; see docs/json.md."""
    return document(findings(ask, on), on)


def findings(ask: Ask, on: dt.date) -> Found:
    """What each check finds about the day; None for one of the tree while there is none.

    Each is asked about its own days before `on`; those of `ask` do not matter.
    """
    return {check: _of_one(check, ask, on) for check in checks.registered()}


def document(found: Found, on: dt.date) -> dict[str, object]:
    severities = [one.severity for each in found.values() for one in each or ()]
    critical, warnings = (severities.count(name) for name in ("critical", "warning"))
    return {
        "date": on.isoformat(),
        "checks": {check.name: _listed(check, each) for check, each in found.items()},
        "summary": {
            "total_issues": critical + warnings,
            "critical": critical,
            "warnings": warnings,
        },
    }


def _of_one(check: Check, ask: Ask, on: dt.date) -> Sequence[Finding] | None:
    if check.scope == "disk" and ask.disk is None:
        return None
    days = check.days(on)
    asked, today = check(replace(ask, days=days, turn=NO_TURN)), ask.today
    return [one for one in asked if concerns(one, days, on, today)]


def concerns(finding: Finding, days: Iterable[dt.date], on: dt.date, today: dt.date) -> bool:
    """Whether it is about the day: of the day itself, of its month; else it is of today."""
    if finding.day is not None:
        return finding.day in days
    month = finding.key.rpartition("/")[2]
    return month == f"{on:%Y-%m}" if model.is_month(month) else on == today


def _listed(check: Check, found: Sequence[Finding] | None) -> dict[str, object]:
    items = [one.item for one in found or ()]
    skipped = {} if found is not None else {"skipped": "the tree is not there"}
    return {"count": len(items), check.listing: items, **skipped}
