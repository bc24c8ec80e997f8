"""Say what a run would do, and do nothing: a read-only look at disk, ledger and facts."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from giddyup_watch.errors import NotReadyError, SegmentAbsentError, SegmentRefusedError
from giddyup_watch.ingest import examine, load, segment
from giddyup_watch.ingest.examine import Request, SegmentPlan
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Counts, Effects, LedgerSegment, SegmentKey, Table
from giddyup_watch.source import cells, snapshot
from giddyup_watch.store import connection, facts, ledger

#: Changed cells shown per segment.
SAMPLE = 20
#: Staging columns that hold a name, compared by norm.
_NAMES = frozenset({"course", "horse", "jockey", "trainer", "owner", "sire", "dam", "damsire"})


class Change(NamedTuple):
    """One cell that would change; names are shown as norms. `key` is the race's or runner's."""

    table: Table
    key: str
    column: str
    stored: object
    wanted: object


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a segment, with a sample of the cells that would change."""

    outcome: Outcome
    changes: list[Change] = field(default_factory=list)


def compare(session: Session, request: Request, keys: Iterable[SegmentKey]) -> Iterator[Preview]:
    """Preview each segment, all in one snapshot of the database. Takes no lock."""
    with connection.transaction(session.conn, read_only=True, isolation="repeatable read"):
        known = ledger.fetch_segments(session.conn)
        for key in keys:
            yield _preview(session, key, known.get(key), request)


def _preview(
    session: Session, key: SegmentKey, known: LedgerSegment | None, request: Request
) -> Preview:
    started = time.monotonic()
    try:
        seen = snapshot.read(session.master, key)
        if known is not None and examine.unchanged(known, seen, session.rules, request):
            return Preview(segment.as_known(known, seen))
        parsed, agrees = examine.parse(seen, session.orphan_seconds)
    except NotReadyError as error:
        return Preview(Outcome(key, "waiting", error.message))
    except SegmentRefusedError as error:
        return Preview(Outcome(key, "refused", error.message, Effects(errors=1)))
    except SegmentAbsentError as error:
        return _preview_absent(session, known, Outcome(key, "absent", error.message), request)
    made = examine.plan_segment(session.conn, seen, parsed, session.rules, request, agrees=agrees)
    effects, changes = _effects(session, made)
    reason = made.held or "; ".join(f"{d.day} {d.reason}" for d in made.days if d.reason)
    days = tuple(day.day for day in made.days if day.action in ("load", "drop"))
    seconds = time.monotonic() - started
    return Preview(Outcome(key, made.result, reason, effects, days, seconds=seconds), changes)


def _preview_absent(
    session: Session, known: LedgerSegment | None, absent: Outcome, request: Request
) -> Preview:
    if known is None or "shrink" not in request.accept:
        return Preview(absent)
    days = examine.absent_days(session.conn, absent.key, session.rules, request)
    effects = Effects(segments=1, days=len(days))
    effects.races.deleted = sum(len(day.drop_races) for day in days)
    effects.runners.deleted = sum(len(day.drop_runners) for day in days)
    dates = tuple(day.day for day in days)
    return Preview(replace(absent, result="loaded", effects=effects, days=dates))


def _effects(session: Session, made: SegmentPlan) -> tuple[Effects, list[Change]]:
    """Count what would be written, by comparing the rows to stage with the stored ones."""
    effects = made.effects()
    working = [day for day in made.days if day.action != "skip"]
    races, runners, cleaned = load.staging_rows(made, working)
    changes: list[Change] = []
    _diff(session, made, "races", races, effects.races, changes)
    _diff(session, made, "runners", runners, effects.runners, changes)
    effects.races.deleted = sum(len(day.drop_races) for day in working)
    effects.runners.deleted = sum(len(day.drop_runners) for day in working)
    effects.cells_cleaned = len(cleaned)
    effects.days = sum(day.action in ("load", "drop") for day in working)
    return effects, changes


def _diff(
    session: Session,
    made: SegmentPlan,
    table: Table,
    rows: Sequence[tuple[object, ...]],
    counts: Counts,
    changes: list[Change],
) -> None:
    columns = (cells.RACE_STAGING if table == "races" else cells.RUNNER_STAGING)[1:]
    at = columns.index("race_key" if table == "races" else "runner_key")
    keys = [str(row[at + 1]) for row in rows]
    date = columns.index("race_date")
    rows_there = facts.stored(session.conn, made.setting.key, table, keys)
    stored = {(row[at], row[date]): row for row in rows_there}
    norms = _norms(session, columns, rows)
    for line, *wanted in rows:
        del line
        key = str(wanted[at])
        there = stored.get((key, wanted[date]))
        if there is None:
            counts.inserted += 1
            continue
        differing = _changed(made, columns, there, wanted, norms)
        if differing:
            counts.updated += 1
            changes += [Change(table, key, *cell) for cell in differing][: SAMPLE - len(changes)]
        else:
            counts.unchanged += 1


def _changed(
    made: SegmentPlan,
    columns: Sequence[str],
    stored: Sequence[object],
    wanted: Sequence[object],
    norms: dict[str, str],
) -> list[tuple[str, object, object]]:
    """Return column, stored and wanted value of the cells that differ."""
    live = (
        made.setting.rules.keep_live_prices
        and "pos_raw" in columns
        and wanted[columns.index("pos_raw")] is None
    )
    found: list[tuple[str, object, object]] = []
    for column, old, new in zip(columns, stored, wanted, strict=True):
        kept = live and new is None and column in cells.PRICE_COLUMNS
        value = norms[new] if column in _NAMES and isinstance(new, str) else new
        # An unknown parent's norm is null or empty: norm_text differs between databases.
        unknown = column in _NAMES and not old and not value
        if old != value and not kept and not unknown:
            found.append((column, old, value))
    return found


def _norms(
    session: Session, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> dict[str, str]:
    places = [index + 1 for index, column in enumerate(columns) if column in _NAMES]
    names = {row[place] for row in rows for place in places}
    return facts.norms(session.conn, {name for name in names if isinstance(name, str)})
