"""What a day at the races costs: one changed day, and a month that is there for the first time.

A daemon follows the tree of full size. From the moment the manifest is closed, less the quiet
period, until the daemon's NOTIFY arrives, which comes with the commit.
"""

import datetime as dt
import itertools
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from os import EX_DATAERR
from time import monotonic

import psycopg

from bench import program, reads, standing
from bench.daemon import Daemon
from bench.lines import Line
from bench.place import BUSY, Connection, Place
from giddyup_watch.demo import edits, writers
from giddyup_watch.demo.racing.cards import Card, World
from giddyup_watch.model import SegmentKey
from giddyup_watch.settings import schema

QUIET_MS = schema.Watch().quiet_ms
#: Patience with one commit, in seconds.
PATIENCE = 120
#: The busiest months of the world's year.
SUMMER = ("05", "06", "07", "08", "09")
#: As the first days of a month and of a daemon are slower, so many are not counted.
WARM_UPS = 2


def lines(place: Place) -> Iterator[Line]:
    _forget(place)
    try:
        yield from _lines(place)
    finally:
        _forget(place)


def _lines(place: Place) -> Iterator[Line]:
    with Daemon(place.folder, place.master, place.url, standing.QUIET) as daemon:
        standing.catch_up(daemon, len(place.keys))
        reads.rest(daemon)
        with closing(psycopg.connect(place.url, autocommit=True)) as conn:
            conn.execute("LISTEN giddyup_ingest")
            months = list(_first_loads(place, conn))
            yield Line(
                "month", "first load of a busy month: commit", "ms", months, "straight_month"
            )
            days = list(changed_days(place, conn, place.size.changed_days))
            yield Line("day", "one changed day in a busy month: commit", "ms", days, "month")
        yield Line("day_memory", "  memory of the daemon at its peak", "MB", [daemon.peak_mb])


def changed_days(
    place: Place, conn: Connection, count: int, warm_ups: int = WARM_UPS
) -> Iterator[float]:
    """Milliseconds of each day: its stewards reverse every result, and every rating is new."""
    writer = writers.TruncateWriter(place.master)
    for number, (key, card, day) in enumerate(_days(place, count + warm_ups)):
        _change(card, day)
        list(conn.notifies(timeout=0))  # of earlier days
        writer.rewrite(key, card)
        taken = _commit(conn, key)
        if number >= warm_ups:
            yield taken


def _days(place: Place, count: int) -> Iterator[tuple[SegmentKey, Card, str]]:
    """Days of busy months, from the busiest on, each with its month as it is on disk."""
    months = [BUSY, *(key for key in place.keys if _is_busy(key) and key != BUSY)]
    found = (
        (key, card, day) for key in months for card in [_read(place, key)] for day in card.days
    )
    return itertools.islice(found, count)


def _is_busy(key: SegmentKey) -> bool:
    return (key.region, key.code, key.month[5:]) in {(BUSY.region, BUSY.code, m) for m in SUMMER}


def _read(place: Place, key: SegmentKey) -> Card:
    return edits.read(place.master, key)


def _change(card: Card, day: str) -> None:
    keys = {race["race_key"] for race in card.races if race["date"] == day}
    for key in keys.intersection(edits.resulted(card)):
        edits.correct_result(card, key)
    for runner in card.runners:
        if runner["race_key"] in keys:
            runner["rpr"] = str((int(runner["rpr"]) if runner["rpr"].isdecimal() else 0) % 120 + 1)


def _first_loads(place: Place, conn: Connection) -> Iterator[float]:
    """Milliseconds of each month that neither tree nor database had."""
    writer, world = writers.TruncateWriter(place.master), World()
    for number, key in enumerate(_new_months(place)):
        writer.rewrite(key, world.month(key))
        taken = _commit(conn, key)
        if number:
            yield taken


def _new_months(place: Place) -> list[SegmentKey]:
    """The busy months of the years after the tree's last; the first is to warm up."""
    first = int(place.size.last[:4]) + 1
    months = (f"{year}-{month}" for year in itertools.count(first) for month in SUMMER)
    keys = (SegmentKey(BUSY.region, BUSY.code, month) for month in months)
    return list(itertools.islice(keys, place.size.busy_months + 1))


def _forget(place: Place) -> None:
    """Tree and database as they were before the new months: to measure them once more."""
    new = _new_months(place)
    for key in new:
        shutil.rmtree(writers.paths(place.master, key)["manifest"].parent, ignore_errors=True)
    program.run(
        place,
        "ingest",
        f"--region={BUSY.region}",
        f"--code={BUSY.code}",
        f"--from={new[0].first_day}",
        f"--to={new[-1].next_month - dt.timedelta(days=1)}",
        "--accept=shrink",
        codes=(0, EX_DATAERR),
    )
    with closing(psycopg.connect(place.url, autocommit=True)) as conn:
        for key in new:
            _forget_month(conn, key)


def _forget_month(conn: Connection, key: SegmentKey) -> None:
    """What is left of a month whose rows are gone: it would have to go the ordinary way."""
    for table in ("runners", "races"):
        name = f"racing.{table}_{key.month.replace('-', '_')}"
        conn.execute(f"DROP TABLE IF EXISTS {name}".encode())
    for table in ("ledger_segments", "ingest_rejects"):
        conn.execute(f"DELETE FROM racing.{table} WHERE month = %s".encode(), [key.first_day])
    for table, column in (
        ("ledger_days", "d"),
        ("ingested_days", "d"),
        ("ledger_races", "race_date"),
    ):
        statement = f"DELETE FROM racing.{table} WHERE {column} >= %s AND {column} < %s"
        conn.execute(statement.encode(), [key.first_day, key.next_month])


def _commit(conn: Connection, key: SegmentKey) -> float:
    """Wait for the commit of what was just written; milliseconds, without the quiet period."""
    closed = monotonic()
    for heard in conn.notifies(timeout=PATIENCE):
        if json.loads(heard.payload)["segment"] == str(key):
            return (monotonic() - closed) * 1000 - QUIET_MS
    raise RuntimeError(f"{key} was not loaded in {PATIENCE} s")
