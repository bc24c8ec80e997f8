"""The admin API: one function for each thing that can be asked."""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeVar, cast

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from pydantic import Field, create_model
from starlette.exceptions import HTTPException

from giddyup_watch.errors import ConfigError
from giddyup_watch.http.described import openapi
from giddyup_watch.http.operations import answers, explaining, forms, routes
from giddyup_watch.http.operations.days import Days
from giddyup_watch.http.operations.desk import Desk, Progress, Wanted
from giddyup_watch.http.operations.forms import Folders
from giddyup_watch.http.problems import Problem, ProblemError, mistakes
from giddyup_watch.ingest import asked
from giddyup_watch.model import SegmentState
from giddyup_watch.store import control, runs, segments
from giddyup_watch.store.connection import Connection

PREFIX = "/api/v1/admin"
#: Seconds that a run gets to begin, before the client is asked to come back.
BEGIN_SECONDS = 10.0
#: What a command sends to be answered only by the daemon of its own tree and database.
FOR_HEADER = "X-Giddyup-Watch-For"

#: Parameters that may be given again and again.
_LISTS = frozenset({"region", "code"})

Trigger = Literal["api", "cli"]
RunId = Annotated[forms.Id, Path()]

F = TypeVar("F", bound=forms.Form)


def add(app: FastAPI, desk: Desk, days: Days, folders: Folders) -> None:
    """Add every endpoint and the document of them."""

    def trigger(
        for_: Annotated[str, Header(alias=FOR_HEADER, include_in_schema=False)] = "",
    ) -> str:
        if for_ not in ("", desk.identity):
            raise HTTPException(421, "this daemon follows another tree, or another database")
        return "cli" if for_ else "api"

    router = APIRouter(prefix=PREFIX, dependencies=[Depends(trigger), Depends(_once)])
    _add_orders(router, desk, folders, trigger)
    _add_control(router, desk)
    _add_reading(router, desk, days)
    explaining.add(router, desk, days, folders)
    app.include_router(router)
    openapi.add(app)


def _once(request: Request) -> None:
    """One value for each parameter, but for lists: the last one would be taken without a word."""
    given = request.query_params
    twice = [name for name in given if len(given.getlist(name)) > 1 and name not in _LISTS]
    if twice:
        raise ProblemError(
            mistakes([{"loc": ("query", name), "msg": "is given more than once"} for name in twice])
        )


def _add_orders(
    router: APIRouter, desk: Desk, folders: Folders, trigger: Callable[[str], str]
) -> None:
    by = Depends(trigger)

    def ingest_run(body: forms.RunRequest, trigger: Annotated[Trigger, by]) -> answers.Accepted:
        """Load some days now, between two segments of the daemon's own work.

        409 names who else is loading: another program, or a run asked for before.
        """
        if body.range is not None:
            days = asked.span(body.range.first, body.range.last)
        else:
            today = desk.today()
            days = frozenset(_day(one, today) for one in body.dates or ())
        return _begin(
            desk,
            Wanted(
                trigger,
                tuple(body.regions),
                tuple(body.codes),
                days,
                force=body.force,
                accept=frozenset(body.accept),
            ),
        )

    def ingest_backfill(
        body: forms.BackfillRequest, trigger: Annotated[Trigger, by]
    ) -> answers.Accepted:
        """Load everything on disk that is not loaded, newest month first."""
        return _begin(
            desk,
            Wanted(
                trigger,
                tuple(body.regions),
                tuple(body.codes),
                first_month=body.from_month,
                last_month=body.to_month,
            ),
        )

    for path, endpoint, form in (
        ("/ingest/run", ingest_run, forms.RunRequest),
        ("/ingest/backfill", ingest_backfill, forms.BackfillRequest),
    ):
        endpoint.__annotations__["body"] = _of(folders, form)
        routes.post(router, path, endpoint, 409, 422, status=202)


def _add_control(router: APIRouter, desk: Desk) -> None:
    def ingest_cancel() -> answers.Canceled:
        """Stop the running ingest at its next safe point.

        The run becomes `canceled`; what it had not reached is parked until it
        changes, or until resume.
        """
        with desk.writing() as conn:
            return answers.Canceled(run_id=control.cancel(conn))

    def ingest_pause(body: forms.PauseRequest | None = None) -> answers.Paused:
        """Go on watching and checking, but load nothing until resume."""
        seconds = body.seconds if body is not None else None
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds) if seconds else None
        with desk.writing() as conn:
            control.pause(conn, until)
        desk.wake()
        return answers.Paused(paused=True, paused_until=until, parked=None)

    def ingest_resume() -> answers.Paused:
        """Load again; segments that a cancel parked are read again too."""
        with desk.writing() as conn:
            parked = control.resume(conn)
        desk.wake()
        return answers.Paused(paused=False, paused_until=None, parked=parked)

    def rescan() -> answers.Asked:
        """Look at the whole tree, and compare it with the ledger, at once."""
        desk.rescan()
        return answers.Asked()

    def reload() -> answers.Reloaded:
        """Read the settings again. A file with mistakes changes nothing and is a 422."""
        try:
            return answers.Reloaded.model_validate(desk.reload())
        except ConfigError as error:
            problem = Problem(422, error.message, error.hint or "mend the file", "settings")
            raise ProblemError(problem) from error

    routes.post(router, "/ingest/cancel", ingest_cancel)
    routes.post(router, "/ingest/pause", ingest_pause, 422)
    routes.post(router, "/ingest/resume", ingest_resume)
    routes.post(router, "/rescan", rescan, status=202)
    routes.post(router, "/reload", reload, 422)


def _add_reading(router: APIRouter, desk: Desk, days: Days) -> None:
    def ingest_status(
        run_id: Annotated[forms.Id | None, Query()] = None,
    ) -> answers.Run:
        """The latest run, or the one named."""
        with desk.reading() as conn:
            return answers.Run.model_validate(_found(conn, run_id))

    def ingest_runs(
        limit: Annotated[int, Field(ge=1, le=500), forms.Digits, Query()] = 20,
        before: Annotated[forms.Id | None, Query()] = None,
    ) -> answers.Runs:
        """Runs, newest first; `before` a run_id, for the page after it."""
        with desk.reading() as conn:
            found = runs.recent(conn, limit, before)
        return answers.Runs(runs=[answers.Run.model_validate(run) for run in found])

    def ingest_run_detail(run_id: RunId) -> answers.RunDetail:
        """One run, and how far it has come."""
        with desk.reading() as conn:
            run = answers.Run.model_validate(_found(conn, run_id))
        progress = desk.orders.progress(run_id)
        return answers.RunDetail(
            **run.model_dump(), progress=None if progress is None else _progress(progress)
        )

    def list_segments(
        region: Annotated[str | None, Query(max_length=100)] = None,
        code: Annotated[str | None, Query(max_length=100)] = None,
        state: SegmentState | None = None,
        limit: Annotated[int, Field(ge=1, le=5000), forms.Digits, Query()] = 1000,
    ) -> Response:
        """What was last decided about each segment, newest month first."""

        def read(conn: Connection) -> answers.Segments:
            found = segments.standings(conn, region=region, code=code, state=state, limit=limit)
            return answers.Segments(segments=[answers.Segment.model_validate(one) for one in found])

        return routes.json(days.told(("segments", region, code, state, limit), read))

    routes.get(router, "/ingest/status", ingest_status, 404, 422)
    routes.get(router, "/ingest/runs", ingest_runs, 422)
    routes.get(router, "/ingest/runs/{run_id}", ingest_run_detail, 404, 422)
    routes.get(router, "/segments", list_segments, 422, model=answers.Segments)


def _of(folders: Folders, form: type[F]) -> type[F]:
    """The form with the names of these settings in the place of any name."""
    fields: dict[str, Any] = {}
    for name in ("regions", "codes"):
        known = form.model_fields[name]
        one = forms.one_of(getattr(folders, name))
        fields[name] = (Annotated[(cast("Any", list)[one], *known.metadata)], known)
    return cast("type[F]", create_model(form.__name__, __base__=form, **fields))


def _day(given: dt.date | str, today: dt.date) -> dt.date:
    return asked.day(given, today) if isinstance(given, str) else given


def _begin(desk: Desk, wanted: Wanted) -> answers.Accepted:
    return answers.Accepted(**asdict(desk.orders.place(wanted, BEGIN_SECONDS)))


def _found(conn: Connection, run_id: int | None) -> runs.Run:
    run = runs.latest(conn) if run_id is None else runs.find(conn, run_id)
    if run is None:
        raise HTTPException(404, f"there is no run {run_id}" if run_id else "there is no run yet")
    return run


def _progress(found: Progress) -> answers.RunProgress:
    done = [
        answers.Outcome(
            segment=str(one.key),
            result=one.result,
            reason=one.reason,
            days=list(one.days),
            races=asdict(one.effects.races),
            runners=asdict(one.effects.runners),
            seconds=round(one.seconds, 3),
            bug=bool(one.trace),
        )
        for one in found.outcomes
    ]
    return answers.RunProgress(
        segments_total=found.total, segments_done=len(done), ended=found.ended, segments=done
    )
