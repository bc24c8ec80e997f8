"""Row by row, cell by cell: for days whose digests say that something is not as in the files."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from giddyup_watch.explain.proof import DayProof, Difference
from giddyup_watch.explain.standing import Standing
from giddyup_watch.ingest import compare as cells
from giddyup_watch.ingest import examine, load, ownership
from giddyup_watch.ingest.examine import Request, SegmentPlan
from giddyup_watch.ingest.plan import DayPlan
from giddyup_watch.model import LedgerRace, Table
from giddyup_watch.source.cells import RACE_STAGING, RUNNER_STAGING
from giddyup_watch.source.content import Race
from giddyup_watch.store import facts, ledger
from giddyup_watch.store.connection import Connection

Rows = Sequence[tuple[Any, ...]]
Proofs = Mapping[dt.date, DayProof]


def compare(
    conn: Connection,
    found: Standing,
    owned: Callable[[LedgerRace], bool],
    days: Sequence[DayProof],
) -> None:
    """Plan these days as if nothing were known of them, and see what a run would do.

    `owned` says of another folder's copy of a race whether it is the one written now.
    Nothing is held by it: what was loaded once, was loaded with good reason.
    """
    request = Request(
        "cli",
        frozenset(day.day for day in days),
        force=True,
        accept=frozenset({"shrink", "rejects", "columns"}),
    )
    made = examine.plan_segment(
        conn, found.seen, found.content, found.setting.rules, request, agrees=found.agrees
    )
    by_date = {day.day: day for day in days}
    plans: list[DayPlan] = []
    for plan in made.days:
        if (day := by_date.get(plan.day)) is None:
            continue
        if _passes(plan, owned):
            day.result, day.reason = "behind", "a race passes to another folder, or from one"
        else:
            plans.append(plan)
    if plans:
        _compare_days(conn, made, plans, by_date)


def compare_races(conn: Connection, found: Standing, day: DayProof, races: Sequence[Race]) -> None:
    """Compare what is stored of single races that are the segment's, as they were loaded."""
    others = [race for race in ledger.fetch_races(conn, [day.day]) if race.key != found.key]
    claimed = ownership.claims(found.key, {race.key for race in races}, others)
    plan = DayPlan(day.day, "load", write=list(races), withheld=set(claimed))
    made = SegmentPlan(found.seen, found.content, found.setting, found.agrees)
    _compare_rows(conn, made, {day.day: day}, *load.staging_rows(made, [plan])[:2], lost=False)


def _passes(plan: DayPlan, owned: Callable[[LedgerRace], bool]) -> bool:
    """Whether a race is to change its owner; a runner that two races claim changes none."""
    return bool(plan.unseat) or not all(map(owned, plan.hand_over.values()))


def _compare_days(
    conn: Connection, made: SegmentPlan, plans: Sequence[DayPlan], days: Proofs
) -> None:
    """Compare all days at once: what the database has of them is read in one go."""
    _compare_rows(conn, made, days, *load.staging_rows(made, plans)[:2])
    races = {(plan.day, key) for plan in plans for key in plan.drop_races}
    runners = {(plan.day, key) for plan in plans for key in plan.drop_runners}
    _find_superfluous(conn, made, days, "races", races)
    _find_superfluous(conn, made, days, "runners", runners)


def _compare_rows(
    conn: Connection,
    made: SegmentPlan,
    days: Proofs,
    races: Rows,
    runners: Rows,
    *,
    lost: bool = True,
) -> None:
    """Compare rows with the stored ones; unless `lost`, others look for what is not there."""
    wanted: tuple[tuple[Table, Rows, int], ...] = (
        ("races", races, RACE_STAGING.index("race_date")),
        ("runners", runners, RUNNER_STAGING.index("race_date")),
    )
    for table, rows, date_at in wanted:
        compared = cells.rows(conn, made.setting, table, rows)
        for row, (key, changes) in zip(rows, compared, strict=True):
            day = days[row[date_at]]
            day.tally(table).compared += 1
            if changes is None:
                if lost:
                    missing(day, table, key)
            elif changes:
                day.tally(table).changed += 1
                day.differs(*(Difference("changed", *change) for change in changes))


def missing(day: DayProof, table: Table, key: str) -> None:
    """Note a row that has to be in the database and is not."""
    day.tally(table).missing += 1
    day.differs(Difference("missing", table, key))


def _find_superfluous(
    conn: Connection,
    made: SegmentPlan,
    days: Proofs,
    table: Table,
    gone: Collection[tuple[dt.date, str]],
) -> None:
    """Note rows that are in no file any more; `gone` names them by day and key."""
    key_at, date_at = (0, 1) if table == "races" else (2, 1)
    keys = sorted({key for _, key in gone})
    for row in facts.stored(conn, made.setting.key, table, keys) if keys else ():
        date, key = row[date_at], row[key_at]
        if (date, key) in gone:
            days[date].tally(table).superfluous += 1
            days[date].differs(Difference("superfluous", table, key))
