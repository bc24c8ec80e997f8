"""Looks at disk and database for whatever bears on a day or month."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from giddyup_watch.explain import rows
from giddyup_watch.explain.digests import Digests
from giddyup_watch.explain.encode import Encoder
from giddyup_watch.explain.month import Month
from giddyup_watch.explain.proof import RESULTS, DayProof, Proof, Result
from giddyup_watch.explain.standing import Standing
from giddyup_watch.explain.why import disk
from giddyup_watch.explain.why.disk import Disk
from giddyup_watch.explain.why.evidence import Evidence, Subject, Surroundings
from giddyup_watch.explain.why.memory import Memory
from giddyup_watch.gaps.check import Ask, Terms
from giddyup_watch.gaps.checks.days import missing_days
from giddyup_watch.ingest import examine
from giddyup_watch.ingest.examine import Request
from giddyup_watch.ingest.guards import Setting
from giddyup_watch.ingest.plan import DayPlan
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import LedgerRace, LedgerSegment, SegmentKey
from giddyup_watch.source import snapshot
from giddyup_watch.source.content import Race
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import connection, dossier, ledger
from giddyup_watch.store.connection import Connection

#: Runs, and rejects of a day or month, that are shown.
RUNS, REJECTS = 5, 5


def gather(
    session: Session, terms: Terms, now: dt.datetime, subject: Subject, memory: Memory
) -> Evidence:
    """Look at disk and database, in one snapshot; takes no lock, writes nothing.

    Does without a tree. What `memory` has of it is taken from there, as far as it
    is still so: not the clock, not locks and sessions.
    """
    conn = session.conn
    with connection.transaction(conn, read_only=True, isolation="repeatable read"):
        cause = memory.cause(session, terms, now, subject.key)
        known = memory.recall(subject, cause)
        if known is not None:
            around = known.around.as_of_now(conn, session.lock_id)
            return replace(known, now=now, around=around)
        around = Surroundings.of(conn, session.lock_id)
        if around.migrations:
            found = disk.look(session.master, subject.key, session.orphan_seconds)
            return Evidence(subject, now, terms, found, around)
        made = _gathered(session, terms, now, subject, around, memory)
        if made.nothing and made.disk.state in ("absent", "readable"):
            made = replace(made, expected=_expected(session, made))
        elif made.ours:
            made = replace(made, proof=_proven(session, made, memory))
        memory.keep(made, cause)
    return made


def _gathered(
    session: Session,
    terms: Terms,
    now: dt.datetime,
    subject: Subject,
    around: Surroundings,
    memory: Memory,
) -> Evidence:
    conn, span = session.conn, subject.span
    known = ledger.fetch_segment(conn, subject.key)
    found = memory.look(session, subject.key, known.fingerprint if known else None)
    decision = dossier.decision(conn, span)
    days = {one.day: one for one in dossier.days(conn, span)}
    plans, held, decided = _plans(session, subject, found, known)
    ids = {one.run_id for one in (decision, *days.values()) if one and one.run_id}
    return Evidence(
        subject=subject,
        now=now,
        terms=terms,
        disk=found,
        around=around,
        known=known,
        decision=decision,
        days=days,
        runs=dossier.runs(conn, subject.key, ids, RUNS),
        rejects=dossier.rejects(conn, span, REJECTS),
        rows=dossier.rows(conn, span),
        gaps=dossier.gaps(conn, span, _keys(subject, terms, now)),
        plans=plans,
        held=held,
        decided=decided,
        elsewhere=dossier.copies(conn, span),
    )


def _expected(session: Session, e: Evidence) -> str:
    """Say why there should be racing, if the racing calendar finds that there should."""
    key, inventory = e.subject.key, Inventory()
    month = [SegmentKey(key.region, code, key.month) for code in e.terms.codes]
    inventory.renew(session.master, snapshot.stamps(session.master, month))
    ask = Ask(session.conn, e.terms, e.now, days=(), disk=inventory)
    about = (
        one.text
        for one in missing_days(ask)
        if one.region == key.region and one.day is not None and e.subject.holds(one.day)
    )
    return next(about, "")


def _proven(session: Session, e: Evidence, memory: Memory) -> Proof | None:
    """Compare the subject's days with the files row by row, as `verify` does; None unread."""
    found, conn, key = e.disk, session.conn, e.subject.key
    if found.state != "readable" or found.snapshot is None or found.parsed is None:
        return None
    held = Standing(
        key=key,
        seen=found.snapshot,
        content=found.parsed,
        setting=Setting(key, session.rules, undated=found.undated),
        known=e.known,
        ledger=ledger.fetch_days(conn, key),
        same=e.known is not None and e.known.fingerprint == found.snapshot.fingerprint,
        agrees=found.agrees,
    )
    days = list(_judged(held, e.subject))
    comparable = [day for day in days if day.result == "equal"]
    doubtful = _doubtful(session, held, e.subject, comparable, memory)
    if doubtful:
        rows.compare(conn, held, lambda race: _is_owned(conn, race), doubtful)
    worst: Result = max((day.result for day in days), key=RESULTS.index, default="equal")
    return Proof(key, worst, days=days)


def _judged(held: Standing, subject: Subject) -> Iterator[DayProof]:
    """Say of each day why it cannot be compared; `equal` of those that can."""
    for date, day, before in held.days():
        if not subject.holds(date):
            continue
        if day is not None and before is not None and held.comparable(day, before):
            yield DayProof(date, "equal")
        elif verdict := held.verdict(day, before):
            yield DayProof(date, *verdict)


def _doubtful(
    session: Session, held: Standing, subject: Subject, days: list[DayProof], memory: Memory
) -> list[DayProof]:
    """Return those of the days whose digests say that something is not as in the files."""
    if not days:
        return []
    encoder = Encoder(session.conn, session.rules.off_times, memory.digests)
    races: list[Race] = []
    for day in days:
        races += held.content.days[day.day].races.values()
    encoder.learn(held.key, races)
    digests = Digests(held.key, encoder, Month(session.conn, held.key, subject.day))
    return [day for day in days if not digests.equal(held.content.days[day.day], day)]


def _is_owned(conn: Connection, race: LedgerRace) -> bool:
    copies = ledger.fetch_races(conn, [race.day])
    return any(one.owned for one in copies if (one.key, one.race_key) == (race.key, race.race_key))


def _plans(
    session: Session, subject: Subject, found: Disk, known: LedgerSegment | None
) -> tuple[list[DayPlan], str, bool]:
    """Plan the subject's days as a load would now; also why the whole segment would be held."""
    if found.state != "readable" or found.snapshot is None or found.parsed is None:
        return [], "", False
    request = Request("cli", None if subject.day is None else frozenset({subject.day}))
    made = examine.plan_segment(
        session.conn, found.snapshot, found.parsed, session.rules, request, agrees=found.agrees
    )
    plans = [one for one in made.days if subject.holds(one.day)]
    return plans, made.held, examine.unchanged(known, found.snapshot, session.rules, request)


def _keys(subject: Subject, terms: Terms, now: dt.datetime) -> list[str]:
    """Name the incidents that bear on the subject whatever their day."""
    today = now.astimezone(terms.zone).date()
    folder = [f"{subject.key.region}/{subject.key.code}"] if subject.holds(today) else []
    return [str(subject.key), *folder]
