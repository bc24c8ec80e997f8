"""Row by row, cell by cell: for days whose digests say that something is not as in the files."""

from collections.abc import Callable, Sequence

from giddyup_watch.explain.proof import DayProof, Difference
from giddyup_watch.explain.standing import Standing
from giddyup_watch.ingest import compare as cells
from giddyup_watch.ingest import examine, load, ownership
from giddyup_watch.ingest.examine import Request, SegmentPlan
from giddyup_watch.ingest.plan import DayPlan
from giddyup_watch.model import LedgerRace, Table
from giddyup_watch.source.content import Race
from giddyup_watch.store import facts, ledger
from giddyup_watch.store.connection import Connection

Rows = Sequence[tuple[object, ...]]


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
    planned = {plan.day: plan for plan in made.days}
    for day in days:
        if _passes(planned[day.day], owned):
            day.result, day.reason = "behind", "a race passes to another folder, or from one"
        else:
            _compare_day(conn, made, planned[day.day], day)


def compare_races(conn: Connection, found: Standing, day: DayProof, races: Sequence[Race]) -> None:
    """Compare what is stored of single races that are the segment's, as they were loaded."""
    others = [race for race in ledger.fetch_races(conn, [day.day]) if race.key != found.key]
    claimed = ownership.claims(found.key, {race.key for race in races}, others)
    plan = DayPlan(day.day, "load", write=list(races), withheld=set(claimed))
    made = SegmentPlan(found.seen, found.content, found.setting, found.agrees)
    _compare_rows(conn, made, day, *load.staging_rows(made, [plan])[:2], lost=False)


def _passes(plan: DayPlan, owned: Callable[[LedgerRace], bool]) -> bool:
    """Whether a race is to change its owner; a runner that two races claim changes none."""
    return bool(plan.unseat) or not all(map(owned, plan.hand_over.values()))


def _compare_day(conn: Connection, made: SegmentPlan, plan: DayPlan, day: DayProof) -> None:
    _compare_rows(conn, made, day, *load.staging_rows(made, [plan])[:2])
    _find_superfluous(conn, made, day, "races", plan.drop_races)
    _find_superfluous(conn, made, day, "runners", plan.drop_runners)


def _compare_rows(
    conn: Connection,
    made: SegmentPlan,
    day: DayProof,
    races: Rows,
    runners: Rows,
    *,
    lost: bool = True,
) -> None:
    """Compare rows with the stored ones; unless `lost`, others look for what is not there."""
    wanted: tuple[tuple[Table, Rows], ...] = (("races", races), ("runners", runners))
    for table, rows in wanted:
        for key, changes in cells.rows(conn, made.setting, table, rows):
            if changes is None:
                if lost:
                    missing(day, table, key)
            elif changes:
                day.tally(table).changed += 1
                day.differs(*(Difference("changed", *change) for change in changes))
        day.tally(table).compared += len(rows)


def missing(day: DayProof, table: Table, key: str) -> None:
    """Note a row that has to be in the database and is not."""
    day.tally(table).missing += 1
    day.differs(Difference("missing", table, key))


def _find_superfluous(
    conn: Connection, made: SegmentPlan, day: DayProof, table: Table, keys: Sequence[str]
) -> None:
    """Note rows that are in no file any more; `keys` are those of the day."""
    key_at, date_at = (0, 1) if table == "races" else (2, 1)
    for row in facts.stored(conn, made.setting.key, table, keys) if keys else ():
        if row[date_at] == day.day:
            day.tally(table).superfluous += 1
            day.differs(Difference("superfluous", table, row[key_at]))
