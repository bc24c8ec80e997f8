"""What the API answers."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from giddyup_watch.model import SegmentState

Moment = Annotated[dt.datetime, AfterValidator(lambda moment: moment.astimezone(dt.UTC))]


class Accepted(BaseModel):
    """A run that has begun."""

    run_id: int
    status: Literal["running"] = "running"
    started_at: Moment
    scope: dict[str, Any]


class Run(BaseModel):
    """A row of `racing.etl_runs`; `scope` and `stats` are documented in docs/database.md."""

    model_config = ConfigDict(from_attributes=True)

    run_id: int
    status: str = Field(description="running, success, failed or canceled")
    started_at: Moment
    finished_at: Moment | None
    duration_ms: int | None
    scope: dict[str, Any] | None
    stats: dict[str, Any] | None = Field(description="null while it goes on")
    error_msg: str | None


class Runs(BaseModel):
    runs: list[Run]


class Outcome(BaseModel):
    """What became of one segment in a run."""

    model_config = ConfigDict(from_attributes=True)

    segment: str
    result: str
    reason: str
    days: list[dt.date]
    races: dict[str, int]
    runners: dict[str, int]
    seconds: float
    bug: bool = Field(description="whether the reason is a mistake of this program")


class RunProgress(BaseModel):
    """How far a run that was asked for here has come."""

    segments_total: int
    segments_done: int
    ended: bool
    segments: list[Outcome] = Field(description="those done, in their order")


class RunDetail(Run):
    progress: RunProgress | None = Field(
        description="of the last runs asked for over this API or by a command; else null"
    )


class Canceled(BaseModel):
    run_id: int | None = Field(description="the run asked to stop; null: none goes on")


class Paused(BaseModel):
    paused: bool
    paused_until: Moment | None = Field(description="null: until resume")
    parked: int | None = Field(None, description="parked segments that are due again")


class Asked(BaseModel):
    status: Literal["asked"] = "asked"


class Reloaded(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    applied: list[str] = Field(description="settings that took effect")
    restart_needed: list[str] = Field(description="settings that differ and wait for a restart")


class Segment(BaseModel):
    """What was last decided about a segment."""

    model_config = ConfigDict(from_attributes=True)

    region: str
    code: str
    month: str
    state: SegmentState
    reason: str
    counts_agree: bool | None
    manifest_races: int | None
    manifest_runners: int | None
    file_races: int | None
    file_runners: int | None
    attempts: int
    changed_at: Moment | None
    decided_at: Moment
    run_id: int | None


class Segments(BaseModel):
    segments: list[Segment]


class Mistake(BaseModel):
    place: str
    mistake: str


class Problem(BaseModel):
    """RFC 9457, with what to do next. `holder` comes with 409, `errors` with 422."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    hint: str
    holder: str | None = None
    errors: list[Mistake] | None = None
