"""`giddyup-watch backfill` from nothing, the views included, as a process of its own."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import psycopg

from bench import floor, program
from bench.lines import Line
from bench.place import Connection, Place

#: Months at either end of a load that are compared: a whole year has every season once.
ENDS = 12
#: When each month was done, with its runners, and when the first was begun.
_MONTHS = (
    "SELECT extract(epoch FROM max(decided_at))::float8, sum(file_runners)::int"
    " FROM racing.ledger_segments WHERE state = 'loaded' GROUP BY month ORDER BY 1"
)
_BEGIN = "SELECT extract(epoch FROM min(started_at))::float8 FROM racing.etl_runs"
_VIEWS = "SELECT coalesce(sum(seconds), 0)::float8 FROM racing.derived_views"


def lines(place: Place) -> Iterator[Line]:
    url = place.fresh(program.DATABASE)
    program.run(place, "migrate")
    ran = program.run(place, "backfill", "--json", more='[derived]\nmode = "refresh"\n')
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        floor.require_all(conn, "racing", place)
        views = _number(conn, _VIEWS)
        rates = _rates(conn)
    rows = place.count("runner")
    yield Line("backfill", f"backfill from nothing, {rows:,} runners", "s", [ran.seconds], "floor")
    yield Line("backfill_typed", "  the same", "s", [ran.seconds], "floor_typed")
    yield Line("backfill_views", "  its views", "s", [views], "floor_views")
    yield Line("backfill_memory", "  memory, all its processes", "MB", [ran.peak_mb])
    ends = min(ENDS, len(rates) // 2)
    what = f"  1,000 runners, {ends} months loaded"
    yield Line("first_months", f"{what} first", "ms", rates[:ends])
    yield Line("last_months", f"{what} last", "ms", rates[-ends:], "first_months")


def _rates(conn: Connection) -> Sequence[float]:
    """Milliseconds for a thousand runners of each month, in the order of loading."""
    months = conn.execute(_MONTHS).fetchall()
    begins = [_number(conn, _BEGIN), *(done for done, _ in months)]
    pairs = zip(begins, months, strict=False)
    return [(done - begun) * 1e6 / runners for begun, (done, runners) in pairs]


def require(place: Place) -> None:
    """Raise unless the database is as the tree: what `lines` leaves."""
    with closing(psycopg.connect(place.url, autocommit=True)) as conn:
        if conn.execute("SELECT to_regclass('racing.runners')").fetchone() == (None,):
            raise RuntimeError(f"the database in {place.state} is empty: measure backfill first")
        floor.require_all(conn, "racing", place)


def _number(conn: Connection, statement: str) -> float:
    row = conn.execute(statement.encode()).fetchone()
    return 0.0 if row is None else float(row[0])
