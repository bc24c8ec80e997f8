"""`giddyup-watch backfill` from nothing, the views included, as a process of its own."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import psycopg

from bench import program
from bench.lines import Line
from bench.place import Connection, Place

#: Months at either end of a load that are compared: a whole year has every season once.
ENDS = 12
#: When each month was begun, with its runners, and when the run had ended.
_MONTHS = (
    "SELECT extract(epoch FROM min(s.decided_at))::float8, sum(s.file_runners)::int"
    " FROM racing.ledger_segments AS s WHERE s.state = 'loaded' GROUP BY s.month ORDER BY 1"
)
_END = "SELECT extract(epoch FROM max(finished_at))::float8 FROM racing.etl_runs"
_VIEWS = "SELECT coalesce(sum(seconds), 0)::float8 FROM racing.derived_views"


def lines(place: Place) -> Iterator[Line]:
    url = place.fresh(program.DATABASE)
    program.run(place, "migrate")
    ran = program.run(place, "backfill", "--json", more='[derived]\nmode = "refresh"\n')
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        _compare(conn, place)
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
    ends = [began for began, _ in months[1:]] + [_number(conn, _END)]
    pairs = zip(months, ends, strict=True)
    return [(end - began) * 1e6 / runners for (began, runners), end in pairs]


def require(place: Place) -> None:
    """Raise unless the database is as the tree: what `lines` leaves."""
    with closing(psycopg.connect(place.url, autocommit=True)) as conn:
        if conn.execute("SELECT to_regclass('racing.runners')").fetchone() == (None,):
            raise RuntimeError(f"the database in {place.state} is empty: measure backfill first")
        _compare(conn, place)


def _compare(conn: Connection, place: Place) -> None:
    for table, what in (("races", "race"), ("runners", "runner")):
        found = _number(conn, f"SELECT count(*)::float8 FROM racing.{table}")
        if found != (on_disk := place.count(what)):
            raise RuntimeError(f"{found:,.0f} {table} in the database, {on_disk:,} on disk")


def _number(conn: Connection, statement: str) -> float:
    row = conn.execute(statement.encode()).fetchone()
    return 0.0 if row is None else float(row[0])
