"""What the API answers about gaps, coverage and why."""

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from giddyup_watch.http.operations.answers import Moment


class Check(BaseModel):
    """What a check found: its items under `races`, `horses` or `items`."""

    model_config = ConfigDict(extra="allow")

    count: int


class Summary(BaseModel):
    total_issues: int = Field(description="critical and warnings")
    critical: int
    warnings: int


class GapsOn(BaseModel):
    """What every check finds about a day."""

    date: dt.date
    checks: dict[str, Check]
    summary: Summary


class Gap(BaseModel):
    """An incident: open until it is found repaired."""

    gap_id: int
    check: str
    severity: str = Field(description="critical, warning or info")
    key: str
    region: str | None
    code: str | None
    date: dt.date | None
    finding: str
    hint: str = Field(description="what to do")
    item: dict[str, Any]
    opened_at: Moment
    changed_at: Moment
    seen_at: Moment
    acked_at: Moment | None
    note: str | None


class OpenSummary(Summary):
    acknowledged: int


class Gaps(BaseModel):
    gaps: list[Gap]
    summary: OpenSummary = Field(description="counts what nobody has acknowledged")


class CoveredDay(BaseModel):
    day: dt.date
    state: str = Field(description="one of those of the calendar's totals")
    reason: str
    on_disk: int = Field(description="races in the files")
    stored: int = Field(description="races in the database")


class Calendar(BaseModel):
    region: str
    code: str
    totals: dict[str, int] = Field(description="days by state")
    days: list[CoveredDay] = Field(description="every day of the year, in order")


class Coverage(BaseModel):
    year: int
    tree: bool = Field(description="false: there was no tree to compare with")
    calendars: list[Calendar]


class Reason(BaseModel):
    """One answer; docs/json.md describes the evidence that comes with it."""

    model_config = ConfigDict(extra="allow")

    subject: str
    segment: str
    day: dt.date | None
    verdict: str
    conclusion: str = Field(description="the reason in one sentence")
    command: str = Field(description="the one to go on with; empty: nothing to do")


class Why(BaseModel):
    asked: str
    answers: list[Reason]
