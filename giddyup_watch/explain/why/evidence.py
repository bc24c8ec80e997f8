"""Everything that bears on one folder's day or month, gathered and not yet judged."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from giddyup_watch.explain import claims, rows
from giddyup_watch.explain.proof import RESULTS, DayProof, Proof, Result
from giddyup_watch.explain.standing import Standing
from giddyup_watch.explain.why import disk
from giddyup_watch.explain.why.disk import Disk
from giddyup_watch.gaps.check import Ask, Terms
from giddyup_watch.gaps.checks.days import missing_days
from giddyup_watch.ingest import examine, plan
from giddyup_watch.ingest.examine import Request
from giddyup_watch.ingest.guards import Setting
from giddyup_watch.ingest.plan import DayPlan
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import LedgerRace, LedgerSegment, SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.source.content import Day
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.source.manifest import Manifest
from giddyup_watch.store import connection, control, dossier, ledger, lock, migrate, server
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.control import Control
from giddyup_watch.store.dossier import DayDecision, KeptReject, Rows, SegmentDecision, Span
from giddyup_watch.store.incidents import Incident
from giddyup_watch.store.lock import Holder
from giddyup_watch.store.runs import Run
from giddyup_watch.store.server import Daemon

#: Runs, and rejects of a day or month, that are shown.
RUNS, REJECTS = 5, 5


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about: a day of a folder, or its whole month."""

    key: SegmentKey
    day: dt.date | None = None

    def __str__(self) -> str:
        return f"{self.key.region}/{self.key.code}/{self.day}" if self.day else str(self.key)

    @property
    def span(self) -> Span:
        if self.day is None:
            return Span(self.key, self.key.first_day, self.key.next_month)
        return Span(self.key, self.day, self.day + dt.timedelta(days=1))

    def holds(self, day: dt.date) -> bool:
        return self.key.holds(day) if self.day is None else day == self.day


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Who and what stands between the disk and the database, whatever the segment."""

    migrations: Sequence[str] = ()
    adoption_due: bool = False
    control: Control | None = None
    holder: Holder | None = None
    daemons: Sequence[Daemon] = ()

    @classmethod
    def of(cls, conn: Connection, lock_id: int) -> Self:
        """Look around; on a database with migrations due there is nothing else to ask."""
        due = tuple(str(one) for one in migrate.pending(conn))
        if due:
            return cls(due)
        return cls(
            adoption_due=ledger.needs_adoption(conn),
            control=control.read(conn),
            holder=lock.holder(conn, lock_id),
            daemons=tuple(server.daemons(conn)),
        )

    @property
    def active(self) -> Daemon | None:
        return next((one for one in self.daemons if one.role == "active"), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a subject.

    `plans` are what a load would do with its days now, `held` why it would hold
    the whole segment; `decided` says whether the files are what was decided on
    last. `elsewhere` are other folders' segments that own races which lie in
    this one too.
    """

    subject: Subject
    now: dt.datetime
    terms: Terms
    disk: Disk
    around: Surroundings
    known: LedgerSegment | None = None
    decision: SegmentDecision | None = None
    days: Mapping[dt.date, DayDecision] = field(default_factory=dict)
    runs: Sequence[Run] = ()
    rejects: Sequence[KeptReject] = ()
    rows: Sequence[Rows] = ()
    gaps: Sequence[Incident] = ()
    plans: Sequence[DayPlan] = ()
    held: str = ""
    decided: bool = False
    elsewhere: Mapping[SegmentKey, int] = field(default_factory=dict)
    expected: str = ""
    proof: Proof | None = None

    @property
    def today(self) -> dt.date:
        return self.now.astimezone(self.terms.zone).date()

    @property
    def nothing(self) -> bool:
        """Whether neither the files nor the ledger have anything of the subject."""
        return not self.seen and not self.ours

    @property
    def seen(self) -> Mapping[dt.date, Day]:
        """Days of the subject that the files hold, rejected lines included."""
        parsed = self.disk.parsed
        return {
            day: one
            for day, one in (parsed.days.items() if parsed else ())
            if self.subject.holds(day) and not plan.has_nothing(one)
        }

    @property
    def claim(self) -> Manifest | None:
        return self.disk.snapshot.manifest if self.disk.snapshot else None

    @property
    def claimed(self) -> frozenset[dt.date]:
        """Days of the subject that the manifest says were processed."""
        dates = self.claim.processed_dates if self.claim else ()
        return frozenset(filter(self.subject.holds, dates))

    @property
    def believed(self) -> frozenset[dt.date]:
        """Those of them that were, as far as the manifest can be believed."""
        vouched = self.claim.vouched(self.subject.key) if self.claim else ()
        return self.claimed & claims.believable(vouched, self.today)

    @property
    def ours(self) -> Mapping[dt.date, DayDecision]:
        """Days of the subject that the ledger knows."""
        return {day: one for day, one in self.days.items() if one.state is not None}

    @property
    def work(self) -> list[DayPlan]:
        """Days with which a load would do anything at all."""
        return [one for one in self.plans if one.action != "skip"]


def gather(session: Session, terms: Terms, now: dt.datetime, subject: Subject) -> Evidence:
    """Look at disk and database; takes no lock, writes nothing, and does without a tree."""
    conn, span, around = session.conn, subject.span, Surroundings.of(session.conn, session.lock_id)
    if around.migrations:
        found = disk.look(session.master, subject.key, session.orphan_seconds)
        return Evidence(subject, now, terms, found, around)
    with connection.transaction(conn, read_only=True, isolation="repeatable read"):
        known = ledger.fetch_segment(conn, subject.key)
        decided_on = known.fingerprint if known else None
        found = disk.look(session.master, subject.key, session.orphan_seconds, decided_on)
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


def expected(session: Session, e: Evidence) -> str:
    """Say why there should be racing, if the racing calendar finds that there should."""
    key, inventory = e.subject.key, Inventory()
    found = layout.look(session.master, [key.region], e.terms.codes)
    month = {other: stamp for other, stamp in found.segments.items() if other.month == key.month}
    inventory.update(session.master, replace(found, segments=month))
    ask = Ask(session.conn, e.terms, e.now, days=(), disk=inventory)
    about = (
        one.text
        for one in missing_days(ask)
        if one.region == key.region and one.day is not None and e.subject.holds(one.day)
    )
    return next(about, "")


def proven(session: Session, e: Evidence) -> Proof | None:
    """Compare the subject's days with the files row by row, as `verify` does; None unread."""
    found, conn = e.disk, session.conn
    if found.state != "readable" or found.snapshot is None or found.parsed is None:
        return None
    with connection.transaction(conn, read_only=True, isolation="repeatable read"):
        known = ledger.fetch_segment(conn, e.subject.key)
        held = Standing(
            key=e.subject.key,
            seen=found.snapshot,
            content=found.parsed,
            setting=Setting(e.subject.key, session.rules, undated=found.undated),
            known=known,
            ledger=ledger.fetch_days(conn, e.subject.key),
            same=known is not None and known.fingerprint == found.snapshot.fingerprint,
            agrees=found.agrees,
        )
        days = list(_judged(held, e.subject))
        comparable = [day for day in days if day.result == "equal"]
        if comparable:
            rows.compare(conn, held, lambda race: _is_owned(conn, race), comparable)
    worst: Result = max((day.result for day in days), key=RESULTS.index, default="equal")
    return Proof(e.subject.key, worst, days=days)


def _is_owned(conn: Connection, race: LedgerRace) -> bool:
    copies = ledger.fetch_races(conn, [race.day])
    return any(one.owned for one in copies if (one.key, one.race_key) == (race.key, race.race_key))


def _judged(held: Standing, subject: Subject) -> Iterator[DayProof]:
    """Say of each day why it cannot be compared; `equal` of those that can."""
    for date, day, before in held.days():
        if not subject.holds(date):
            continue
        if day is not None and before is not None and held.comparable(day, before):
            yield DayProof(date, "equal")
        elif verdict := held.verdict(day, before):
            yield DayProof(date, *verdict)


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
