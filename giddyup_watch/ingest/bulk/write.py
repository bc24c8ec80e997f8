"""Write a month: facts, provenance, days, rejects and ledger, in the caller's one transaction."""

import dataclasses

from giddyup_watch.ingest import load
from giddyup_watch.ingest.bulk.month import Month, Piece
from giddyup_watch.ingest.bulk.names import Names
from giddyup_watch.ingest.bulk.texts import Lines
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.model import Table
from giddyup_watch.source import tree
from giddyup_watch.store import ledger, months, notify, rejects
from giddyup_watch.store.connection import Connection


def write(conn: Connection, names: Names, month: Month, run_id: int) -> list[Outcome]:
    """Write the month, of which the database has nothing; return what became of its segments."""
    first = month.keys[0].first_day
    names.begin(months.begin(conn))
    _fill(conn, names, month.lines)
    months.fill(conn, "provenance", month.provenance)
    for piece in month.pieces:
        _record(conn, piece, run_id)
    months.attach(conn, first)
    return [dataclasses.replace(piece.outcome, run_id=run_id) for piece in month.pieces]


def _fill(conn: Connection, names: Names, lines: Lines) -> None:
    courses, of_runners = names.resolve(conn, lines)
    ids = [str(race_id) for race_id in months.race_ids(conn, len(lines.races))]
    races = zip(ids, courses, lines.races, strict=True)
    months.fill(conn, "races", races)
    runners = zip(
        [ids[place] for place in lines.of_race], *of_runners.values(), lines.runners, strict=True
    )
    months.fill(conn, "runners", runners)


def _record(conn: Connection, piece: Piece, run_id: int) -> None:
    key, days = piece.key, piece.days
    if days:
        ledger.record_days(conn, key, days, run_id)
    loaded = [day.day for day in days if day.state == "loaded"]
    if loaded:
        ledger.record_ingested(conn, key, loaded, run_id)
    files = tree.names(key)
    found: dict[Table, str] = {"races": files.races, "runners": files.runners}
    dates = [day.day for day in days]
    rejects.replace(conn, key, dates, piece.rejects, found, run_id)
    if days:
        effects = piece.outcome.effects
        notify.ingested(conn, load.payload(key, dates, effects, run_id))
    ledger.record_segment(conn, key, piece.decision, run_id)
