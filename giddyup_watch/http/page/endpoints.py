"""What a browser asks for: the page, what of it has changed, and the reason for a day."""

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from anyio import move_on_after, to_thread
from fastapi import FastAPI, Path, Query
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from giddyup_watch.errors import GiddyupError
from giddyup_watch.explain.coverage import Coverage
from giddyup_watch.explain.why import answers as why_answers
from giddyup_watch.explain.why.evidence import Subject
from giddyup_watch.http import problems
from giddyup_watch.http.operations.days import Days
from giddyup_watch.http.operations.desk import Desk
from giddyup_watch.http.operations.forms import FIRST_DAY, LAST_DAY
from giddyup_watch.http.page import document, verdict, years
from giddyup_watch.http.page.assets import HEADERS
from giddyup_watch.http.page.facts import Facts, Reader
from giddyup_watch.http.page.html import Html, tag
from giddyup_watch.http.page.parts import calendar, gaps, why
from giddyup_watch.http.page.verdict import Verdict
from giddyup_watch.http.page.years import Years
from giddyup_watch.store.incidents import Incident

PATHS = ("/", "/live", "/why", "/why/{region}/{code}/{when}")

Year = Annotated[int | None, Query(ge=FIRST_DAY.year, le=LAST_DAY.year)]
Name = Annotated[str, Path(max_length=100)]


class Page:
    """What the listeners share, so that many readers cost as much as one."""

    def __init__(self, desk: Desk, days: Days, stalls: Callable[[], Iterable[object]]) -> None:
        self._desk = desk
        self._days = days
        self._facts = Reader(desk, stalls)
        self._years = Years(days)
        self._drawn: tuple[Coverage | None, int, dt.date, dict[str, Html]] | None = None
        self._listed: tuple[list[Incident] | None, ZoneInfo, dt.date, Html] | None = None

    def add(self, app: FastAPI) -> None:
        endpoints: list[Callable[..., Any]] = [self.status, self.live, self.find, self.why]
        for path, endpoint in zip(PATHS, endpoints, strict=True):
            app.add_api_route(
                path,
                endpoint,
                methods=["GET", "HEAD"],
                response_class=Response,
                include_in_schema=False,
            )

    async def status(self, year: Year = None) -> Response:
        """Everything as it is now: complete without any script."""
        facts, coverage = await self._look(year)

        def drawn() -> Response:
            found = verdict.judge(facts)
            made = self._parts(facts, found, year, coverage)
            return _html(document.status(facts, found, year, made))

        return await to_thread.run_sync(drawn)

    async def live(
        self, year: Year = None, have: Annotated[str, Query(max_length=2000)] = ""
    ) -> Response:
        """The parts that are not as the reader has them, by `name.digest` in `have`."""
        facts, coverage = await self._look(year)
        return await to_thread.run_sync(self._news, facts, coverage, year, have)

    def _news(
        self, facts: Facts, coverage: Coverage | None, year: int | None, have: str
    ) -> Response:
        found = verdict.judge(facts)
        made = self._parts(facts, found, year, coverage)
        known = set(have.split(","))
        changed = {
            name: {"digest": digest, "html": part}
            for name, part in made.items()
            if f"{name}.{(digest := document.digest(part))}" not in known
        }
        answer = {
            "now": facts.now.astimezone(dt.UTC).isoformat(),
            "version": document.VERSION,
            "title": document.title(found),
            "icon": document.icon(found.level),
            "names": list(made),
            "parts": changed,
        }
        return JSONResponse(answer, headers=HEADERS)

    def find(self, folder: str = "", on: str = "") -> Response:
        """Where the form leads to: the page of the day."""
        region, _, code = folder.partition("/")
        about = self._about(f"{region}/{code}/{on}")
        if isinstance(about, Response):
            return about
        return RedirectResponse(f"/why/{region}/{code}/{on}", 303, HEADERS)

    def why(self, region: Name, code: Name, when: Name) -> Response:
        """Everything that bears on a day or month; 422 and 503 are pages too."""
        asked = f"{region}/{code}/{when}"
        about = self._about(asked)
        if isinstance(about, Response):
            return about
        try:
            told = self._days.why(about)
        except GiddyupError as error:
            problem = problems.of(error)
            return _message(problem.status, problem.detail, problem.hint)
        near = why.neighbours(about[0].key, about[0].day)
        return _html(document.plain(asked, why.render(asked, told, near)))

    def _about(self, asked: str) -> list[Subject] | Response:
        folders = self._desk.situation().folders
        regions, codes = (dict.fromkeys(names) for names in zip(*folders, strict=True))
        try:
            about = why_answers.subjects(asked, regions, codes, self._desk.today())
        except ValueError as error:
            return _message(422, str(error), "It is like /why/gb/flat/2024-06-14.")
        if not all(FIRST_DAY <= one.key.first_day <= LAST_DAY for one in about):
            return _message(422, f"{asked} is before {FIRST_DAY} or after {LAST_DAY}", "")
        return about

    async def _look(self, year: int | None) -> tuple[Facts, Coverage | None]:
        """What is known in a moment: a long reading of the year goes on, for who asks next."""
        facts = await to_thread.run_sync(self._facts.read)
        wanted = year or facts.today.year
        with move_on_after(years.PROMPT_SECONDS):
            read = partial(self._years.read, wanted, facts)
            return facts, await to_thread.run_sync(read, abandon_on_cancel=True)
        return facts, self._years.last(wanted)

    def _parts(
        self, facts: Facts, found: Verdict, asked: int | None, coverage: Coverage | None
    ) -> dict[str, Html]:
        year = asked or facts.today.year
        head = calendar.head(facts, year, coverage)
        calendars = self._calendars(coverage, year, facts.today)
        return document.parts(facts, found, self._gaps(facts), head, calendars)

    def _gaps(self, facts: Facts) -> Html:
        """Hundreds of them on a bad day: drawn once while they are the same, as nearly always."""
        known = facts.stored.gaps if facts.stored else None
        listed, of = self._listed, (facts.situation.zone, facts.today)
        if listed is None or listed[0] is not known or listed[1:3] != of:
            listed = self._listed = (known, *of, gaps.render(facts))
        return listed[3]

    def _calendars(self, coverage: Coverage | None, year: int, today: dt.date) -> dict[str, Html]:
        """Fifteen hundred days: drawn once for each reading of the year."""
        drawn = self._drawn
        if drawn is None or drawn[0] is not coverage or drawn[1:3] != (year, today):
            made = calendar.render(coverage, year, today)
            drawn = self._drawn = (coverage, year, today, made)
        return drawn[3]


def _html(page: Html, status: int = 200) -> Response:
    return HTMLResponse(page, status, HEADERS)


def _message(status: int, what: str, todo: str) -> Response:
    said = tag("section", tag("h1", what), tag("p", todo, class_="todo"), class_="why")
    return _html(document.plain(what, said), status)
