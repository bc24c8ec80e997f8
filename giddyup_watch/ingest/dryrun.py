"""Say what a run would do, and do nothing: a read-only look at disk, ledger and facts."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from giddyup_watch.errors import NotReadyError, SegmentAbsentError, SegmentRefusedError
from giddyup_watch.ingest import compare, examine, load, segment
from giddyup_watch.ingest.compare import Change
from giddyup_watch.ingest.examine import Request, SegmentPlan
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Counts, Effects, LedgerSegment, SegmentKey, Table
from giddyup_watch.source import snapshot
from giddyup_watch.store import connection, ledger

#: Changed cells shown per segment.
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a segment, with a sample of the cells that would change."""

    outcome: Outcome
    changes: list[Change] = field(default_factory=list)


def preview(session: Session, request: Request, keys: Iterable[SegmentKey]) -> Iterator[Preview]:
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
    for _, found in compare.rows(session.conn, made.setting, table, rows):
        if found is None:
            counts.inserted += 1
        elif found:
            counts.updated += 1
            changes += found[: SAMPLE - len(changes)]
        else:
            counts.unchanged += 1
