"""Bring one segment of the database to what is on disk, in one transaction."""

import dataclasses
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from giddyup_watch.errors import (
    DatabaseBusyError,
    NotReadyError,
    PermanentError,
    SegmentAbsentError,
    SegmentRefusedError,
)
from giddyup_watch.ingest import examine, load
from giddyup_watch.ingest.examine import Request, SegmentPlan
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.model import (
    Effects,
    Fingerprint,
    LedgerSegment,
    Rules,
    SegmentKey,
    SegmentState,
)
from giddyup_watch.source import content, snapshot
from giddyup_watch.source.content import Content
from giddyup_watch.source.snapshot import Snapshot
from giddyup_watch.store import connection, ledger
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.ledger import Decision

#: A segment that changed under the read is read again after this long, in seconds.
REREAD_SECONDS = 0.5
#: First and longest wait before a segment that failed is tried again, in seconds.
RETRY_FIRST, RETRY_LAST = 5.0, 3600.0
#: Longest wait for what passes by itself (a lock, a full disk), in seconds.
BUSY_LAST = 60.0
#: From here on the tables of a month are quicker built beside the facts than filled among them.
MONTH_BYTES = 2**18


@dataclass(frozen=True, slots=True)
class Session:
    """What a turn works with: the connection that holds the lock, the tree, the rules.

    `orphan_seconds` is how long a segment must have been quiet to be loaded
    without an agreeing manifest, or to be called absent. `parse` may remember
    what it parsed before; `keep_up` ends each transaction that wrote facts: it
    brings up what rests on them. A month of which the database has nothing goes
    at once when its files have `month_bytes`.
    """

    conn: Connection
    master: Path
    rules: Rules
    lock_id: int
    orphan_seconds: float
    parse: Callable[[Snapshot], Content] = content.parse
    keep_up: Callable[[Connection], object] = lambda _: None
    month_bytes: int = MONTH_BYTES


def ingest(
    session: Session,
    key: SegmentKey,
    known: LedgerSegment | None,
    request: Request,
    open_run: Callable[[], int],
) -> Outcome:
    """Read, decide and load one segment. `open_run` is called once there is something to write.

    Raises DatabaseUnavailableError and whatever else ends the whole turn; all
    that concerns this segment alone is in the outcome.
    """
    started = time.monotonic()
    try:
        made = _decided(session, key, known, request, open_run)
    except DatabaseBusyError as error:
        made = failed(session, key, known, error.message, longest=BUSY_LAST)
    except PermanentError as error:
        made = failed(session, key, known, error.message)
    return dataclasses.replace(made, seconds=time.monotonic() - started)


def failed(
    session: Session,
    key: SegmentKey,
    known: LedgerSegment | None,
    reason: str,
    trace: str = "",
    *,
    longest: float = RETRY_LAST,
) -> Outcome:
    """Record that a segment could not be loaded, to be tried again ever more rarely.

    A full disk, or whoever holds a lock, may stand in the way of the record too:
    the segment is tried again all the same, and the others with it.
    """
    attempts = (known.attempts if known is not None else 0) + 1
    with suppress(DatabaseBusyError):
        ledger.mark(session.conn, key, "failed", reason, attempts)
    wait = min(RETRY_FIRST * 2.0 ** min(attempts - 1, 20), longest)
    effects = Effects(errors=1)
    return Outcome(key, "failed", reason, effects=effects, retry_after=wait, trace=trace)


def park(session: Session, key: SegmentKey, request: Request) -> None:
    """Leave a segment that has something to load alone until it changes or somebody resumes."""
    try:
        seen = snapshot.read(session.master, key)
    except (NotReadyError, SegmentAbsentError, SegmentRefusedError):
        return
    known = ledger.fetch_segment(session.conn, key)
    if examine.unchanged(known, seen, session.rules, request):
        return
    made = _decision(session.rules, seen, "parked", "the run that was to load it was canceled")
    ledger.record_segment(session.conn, key, made, None)


def _decided(
    session: Session,
    key: SegmentKey,
    known: LedgerSegment | None,
    request: Request,
    open_run: Callable[[], int],
) -> Outcome:
    """Bring the segment up, or record why its files do not allow it."""
    try:
        return _bring_up(session, key, known, request, open_run)
    except NotReadyError as error:
        return Outcome(key, "waiting", error.message, retry_after=REREAD_SECONDS)
    except SegmentAbsentError as error:
        return _absent(session, key, known, request, error.message, open_run)
    except SegmentRefusedError as error:
        return _refused(session, key, known, error.message, None, open_run)


def _bring_up(
    session: Session,
    key: SegmentKey,
    known: LedgerSegment | None,
    request: Request,
    open_run: Callable[[], int],
) -> Outcome:
    conn, rules = session.conn, session.rules
    seen = snapshot.read(session.master, key)
    if known is not None and examine.unchanged(known, seen, rules, request):
        return as_known(known, seen)
    try:
        parsed, agrees = examine.parse(seen, session.orphan_seconds, session.parse)
    except NotReadyError as error:
        wait = examine.quiet_in(seen, session.orphan_seconds)
        return Outcome(key, "waiting", error.message, retry_after=wait + REREAD_SECONDS)
    except SegmentRefusedError as error:
        return _refused(session, key, known, error.message, seen, open_run)
    made = examine.plan_segment(conn, seen, parsed, rules, request, agrees=agrees)
    run_id = open_run() if made.needs_work else None
    with connection.transaction(conn):
        effects = load.apply(conn, made, run_id) if run_id is not None else made.effects()
        decision = decide(made)
        ledger.record_segment(conn, key, decision, run_id)
        if effects.written:
            session.keep_up(conn)
    return loaded(made, decision, effects, run_id)


def as_known(known: LedgerSegment, seen: Snapshot) -> Outcome:
    """Say again what was decided about this very content."""
    result = known.state if known.state in ("held", "refused") else "unchanged"
    reason = known.reason
    if known.state == "parked":
        result = "held"
    return Outcome(
        known.key,
        result,
        reason,
        changed_at=seen.stamp.changed_at,
        fingerprint=seen.fingerprint,
    )


def decide(made: SegmentPlan) -> Decision:
    """Turn the plans of the days into what is recorded of the segment.

    While days wait that this request did not ask for, the segment is due.
    """
    held = [*made.resting, *(f"{day.day} {day.reason}" for day in made.held_days)]
    state: SegmentState = "held" if made.held or held else "loaded"
    reason = made.held or "; ".join(sorted(held))
    if made.unasked:
        state, reason = "due", f"{made.unasked} of its days were not asked for"
    claim, parsed = made.snapshot.manifest, made.content
    return Decision(
        state=state,
        reason=reason,
        rules=made.setting.rules.fingerprint,
        fingerprint=made.snapshot.fingerprint,
        changed_at=made.snapshot.stamp.changed_at,
        counts_agree=made.agrees if claim else None,
        manifest_races=claim.race_count if claim else None,
        manifest_runners=claim.runner_count if claim else None,
        file_races=parsed.lines["races"],
        file_runners=parsed.lines["runners"],
        misfiled=parsed.misfiled,
    )


def loaded(made: SegmentPlan, decision: Decision, effects: Effects, run_id: int | None) -> Outcome:
    """Say what became of a segment that was read and decided on."""
    worked = [day.day for day in made.days if day.action not in ("skip", "hold")]
    return Outcome(
        made.setting.key,
        made.result,
        decision.reason,
        effects=effects,
        days=tuple(worked),
        run_id=run_id,
        changed_at=made.snapshot.stamp.changed_at,
        fingerprint=decision.fingerprint,
        also=tuple(sorted({race.key for race in load.heirs(made.days)})),
    )


def _refused(
    session: Session,
    key: SegmentKey,
    known: LedgerSegment | None,
    reason: str,
    seen: Snapshot | None,
    open_run: Callable[[], int],
) -> Outcome:
    """Record, once for this content, that nothing of it can be loaded, or even be read."""
    fingerprint = seen.fingerprint if seen else Fingerprint(None, None, None)
    changed_at = seen.stamp.changed_at if seen else None
    made = Decision("refused", reason, session.rules.fingerprint, fingerprint, changed_at)
    same = (
        known is not None
        and (known.state, known.reason, known.rules) == ("refused", reason, made.rules)
        and known.fingerprint == fingerprint
    )
    run_id = None
    if not same:
        run_id = open_run()
        ledger.record_segment(session.conn, key, made, run_id)
    effects = Effects(errors=1)
    return Outcome(key, "refused", reason, effects, run_id=run_id, fingerprint=fingerprint)


def _absent(
    session: Session,
    key: SegmentKey,
    known: LedgerSegment | None,
    request: Request,
    reason: str,
    open_run: Callable[[], int],
) -> Outcome:
    """Say that a segment is not there.

    What was loaded of it goes only when that was accepted; but a race that
    another segment has is that one's now.
    """
    conn = session.conn
    if known is None:
        return Outcome(key, "absent", reason)
    days = examine.absent_days(conn, key, session.rules, request)
    also = tuple(sorted({race.key for race in load.heirs(days)}))
    if "shrink" in request.accept:
        run_id = open_run()
        with connection.transaction(conn):
            effects = load.drop(conn, key, days, run_id)
            ledger.mark(conn, key, "absent", f"{reason}; its days were given up")
            session.keep_up(conn)
        dropped = tuple(day.day for day in days)
        return Outcome(key, "loaded", reason, effects, dropped, run_id, also=also)
    with connection.transaction(conn):
        if also:
            load.pass_on(conn, key, [day for day in days if day.hand_over])
        if known.state != "absent":
            ledger.mark(conn, key, "absent", reason)
    return Outcome(key, "absent", reason, fingerprint=known.fingerprint, also=also)


def _decision(rules: Rules, seen: Snapshot, state: SegmentState, reason: str) -> Decision:
    return Decision(state, reason, rules.fingerprint, seen.fingerprint, seen.stamp.changed_at)
