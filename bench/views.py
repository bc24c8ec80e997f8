"""The derived views after one changed day: refreshed as a whole, or kept up in the same commit."""

from collections.abc import Iterator
from contextlib import closing
from time import time

import psycopg

from bench import days, program, reads, standing
from bench.daemon import Daemon
from bench.lines import Line
from bench.place import Connection, Place

_MODE = '[gaps]\nverify_at = ""\n[derived]\nmode = "{}"\nmin_interval_seconds = 0\n'
#: Seconds of the views that were all refreshed since; null while one of them was not.
_REFRESHED = (
    "SELECT CASE WHEN min(extract(epoch FROM refreshed_at)) > %s THEN sum(seconds) END"
    " FROM racing.derived_views"
)


def lines(place: Place) -> Iterator[Line]:
    with closing(psycopg.connect(place.url, autocommit=True)) as conn:
        conn.execute("LISTEN giddyup_ingest")
        refreshed = list(_refreshed(place, conn))
        yield Line("refresh", "the views refreshed after it", "s", refreshed, "day_derived")
        yield from _kept_up(place, conn)


def _refreshed(place: Place, conn: Connection) -> Iterator[float]:
    with _daemon(place, "refresh") as daemon:
        standing.catch_up(daemon, len(place.keys))
        reads.rest(daemon)  # what was behind is refreshed
        for _ in range(place.size.looks):
            since = time()
            list(days.changed_days(place, conn, 1, warm_ups=0))
            yield _wait_for_views(daemon, conn, since)


def _wait_for_views(daemon: Daemon, conn: Connection, since: float) -> float:
    def taken() -> float | None:
        row = conn.execute(_REFRESHED, [since]).fetchone()
        return None if row is None else row[0]

    daemon.wait_until(lambda: taken() is not None, standing.PATIENCE, "the views are not refreshed")
    return taken() or 0.0


def _kept_up(place: Place, conn: Connection) -> Iterator[Line]:
    changed = program.run(place, "derived", "incremental")
    try:
        with _daemon(place, "incremental") as daemon:
            standing.catch_up(daemon, len(place.keys))
            reads.rest(daemon)
            taken = list(days.changed_days(place, conn, place.size.changed_days))
            yield Line("day_derived", "one changed day, views in its commit", "ms", taken, "day")
        compared = program.run(place, "derived", "compare")
        yield Line("compare", "  compared with the definitions", "s", [compared.seconds])
    finally:
        back = program.run(place, "derived", "refresh")
    yield Line("change_over", "  change-over to tables", "s", [changed.seconds])
    yield Line("change_back", "  and back", "s", [back.seconds])


def _daemon(place: Place, mode: str) -> Daemon:
    return Daemon(place.folder, place.master, place.url, _MODE.format(mode))
