"""The straightforward way: month by month, staged, UPSERT into tables that have all their indexes.

Whole, into an empty database that `migrate` made; or a sample of months, into the floor's tables
that are full already: their partitions are emptied and loaded once more. The sample takes one of
each calendar month, spread over the years, and all its names are known: what is made of it is
rather too little than too much.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from time import perf_counter

import psycopg

from bench import floor, program, raw, relational
from bench.lines import Line
from bench.place import Connection, Place

WHOLE = "bench_straight"
#: Steps that lead once through all months of a year, far apart: 1, 8, 3, 10, ...
STRIDE = 7


def lines(place: Place) -> Iterator[Line]:
    months = sorted({key.month for key in place.keys})
    if place.whole or len(months) <= place.size.sampled_months:
        yield from _whole(place, months)
    else:
        yield from _sampled(place, _spread(months, place.size.sampled_months))


def _whole(place: Place, months: Sequence[str]) -> Iterator[Line]:
    url = place.fresh(WHOLE)
    program.run(place, "migrate", database=WHOLE)
    with closing(psycopg.connect(url)) as conn:
        taken = [_month(conn, place, "racing", month) for month in months]
    place.drop(WHOLE)
    yield Line("straight", f"UPSERT, all {len(months)} months", "s", [sum(taken)], "backfill")
    yield Line("straight_month", "  a month of it, four segments", "s", taken)


def _sampled(place: Place, months: Sequence[str]) -> Iterator[Line]:
    keys = [key for key in place.keys if key.month in months]
    share = place.count("runner", keys) / place.count("runner")
    with closing(psycopg.connect(place.database(floor.DATABASE))) as conn:
        taken = [_month(conn, place, floor.SCHEMA, month) for month in months]
    what = f"UPSERT, made of {len(months)} months, {share:.1%} of the runners"
    yield Line("straight", what, "s", [sum(taken) / share], "backfill")
    yield Line("straight_month", "  a month of it, four segments", "s", taken)


def _spread(months: Sequence[str], count: int) -> list[str]:
    """As many months, from the first year to the last, of each calendar month as often."""
    first, last = int(months[0][:4]), int(months[-1][:4])
    step = (last - first) / max(count - 1, 1)
    return [
        f"{first + round(number * step)}-{number * STRIDE % 12 + 1:02}" for number in range(count)
    ]


def _month(conn: Connection, place: Place, schema: str, month: str) -> float:
    """Seconds from the first COPY to the end of the commit."""
    stem = month.replace("-", "_")
    if schema != "racing":
        conn.execute(f"TRUNCATE {schema}.races_{stem}, {schema}.runners_{stem}".encode())
    else:
        conn.execute("SELECT racing.ensure_month(%s)", [f"{month}-01"])
    raw.make(conn, place)
    conn.commit()
    began = perf_counter()
    raw.fill(conn, place, month)
    relational.resolve(conn, schema)
    races = relational.overwrite(conn, f"{schema}.races", "race_key")
    relational.insert_races(conn, schema, races)
    runners = relational.overwrite(conn, f"{schema}.runners", "runner_key")
    within = (
        f" AND race.race_date >= '{month}-01'"
        f" AND race.race_date < date '{month}-01' + interval '1 month'"
    )
    relational.insert_runners(conn, schema, within, runners)
    conn.commit()
    return perf_counter() - began
