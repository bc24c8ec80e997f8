"""The five checks of the original system: their names, meaning, severity and JSON."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from giddyup_watch.gaps.check import Ask, Finding, check
from giddyup_watch.gaps.rows import NON_RUNNERS, RaceRow


@dataclass(frozen=True, slots=True)
class _Entries:
    race_date: dt.date
    course_id: int | None
    course_name: str | None
    entries: int


@check(
    "info",
    "rows",
    hint="nothing to do; none on a day with racing: giddyup-watch why REGION/CODE/DAY",
    listing="races",
    incident=False,
)
def entries_today(ask: Ask) -> Iterator[Finding]:
    """Racecards present, by course."""
    for row in ask.fetch_all("check_entries", ask.params, row=_Entries):
        yield entries_today.finding(
            f"{row.race_date}/{row.course_id}",
            f"{row.course_name} on {row.race_date}: {row.entries} entries",
            {
                "date": row.race_date.isoformat(),
                "course_id": row.course_id,
                "course_name": row.course_name,
                "entries": row.entries,
            },
            day=row.race_date,
        )


@dataclass(frozen=True, slots=True)
class _Winnerless(RaceRow):
    resulted: bool
    off_at: dt.datetime


def _winnerless(ask: Ask) -> list[_Winnerless]:
    """Races without a winner although due: `gaps.result_grace_minutes` after their local off."""
    found = ask.fetch_all("check_winners", ask.params, row=_Winnerless)
    return [race for race in found if race.off_at + ask.terms.grace <= ask.now]


@check(
    "critical",
    "rows",
    hint="giddyup-watch why REGION/CODE/DAY tells whether the files have the result; when they"
    " have not, scrape the day again",
    listing="races",
    span=(-1, 0),
)
def unresulted_passed(ask: Ask) -> Iterator[Finding]:
    """Races whose off time has passed and that have no result.

    A race without an off time is due when its local day ends. A race is void, and
    not missing anything, when the source has spoken of every runner and placed
    none of them; so is one without runners that says that none ran.
    """
    for race in _winnerless(ask):
        if not race.resulted:
            yield race.finding(unresulted_passed, "has no result")


@dataclass(frozen=True, slots=True)
class _Miscounted(RaceRow):
    ran: int
    runner_rows: int


@check(
    "warning",
    "rows",
    hint="giddyup-watch verify --month YYYY-MM tells whether database and files differ; when they"
    " agree, the files are wrong: scrape the day again",
    listing="races",
    span=(-7, 0),
)
def runner_count_mismatch(ask: Ask) -> Iterator[Finding]:
    """Races whose `ran` is not the number of their runners.

    Only races with a result. Non-runners do not count against `ran`: it may
    leave them out or, as some sources do, include them.
    """
    params = {**ask.params, "non_runners": list(NON_RUNNERS)}
    for race in ask.fetch_all("check_runner_counts", params, row=_Miscounted):
        yield race.finding(
            runner_count_mismatch,
            f"says that {race.ran} ran and has {race.runner_rows} runners",
            item={
                "race_id": race.race_id,
                "date": race.race_date.isoformat(),
                "course_name": race.course_name,
                "ran": race.ran,
                "runner_rows": race.runner_rows,
            },
        )


@dataclass(frozen=True, slots=True)
class _Horseless(RaceRow):
    runner_id: int
    runner_key: str
    num: int | None


@check(
    "warning",
    "rows",
    hint="its line has no horse, or none that can be read: giddyup-watch why REGION/CODE/DAY"
    " shows the rejects; correct the file",
    listing="horses",
)
def unresolved_horses(ask: Ask) -> Iterator[Finding]:
    """Runners whose horse is not known."""
    for runner in ask.fetch_all("check_horses", ask.params, row=_Horseless):
        number = "without a number" if runner.num is None else f"number {runner.num}"
        yield runner.finding(
            unresolved_horses,
            f"has a runner without a horse, {number}",
            key=f"{runner.runner_key}/{runner.race_date}",
            item={
                "runner_id": runner.runner_id,
                "race_id": runner.race_id,
                "date": runner.race_date.isoformat(),
                "course_name": runner.course_name,
                "num": runner.num,
            },
        )


@check(
    "critical",
    "rows",
    hint="giddyup-watch why REGION/CODE/DAY tells what the files have; scrape the day again",
    family="unresulted_passed",
    listing="races",
    span=(-1, -1),
)
def yesterday_missing_winners(ask: Ask) -> Iterator[Finding]:
    """Races of past days that have no winner.

    Whether anything else is known of them or not. A void race (see
    `unresulted_passed`) will never have one and is not missed.
    """
    for race in _winnerless(ask):
        if race.race_date < ask.today:
            yield race.finding(yesterday_missing_winners, "has no winner")
