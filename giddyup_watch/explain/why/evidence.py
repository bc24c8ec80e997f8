"""Everything that bears on one folder's day or month, not yet judged."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from giddyup_watch.explain import claims
from giddyup_watch.explain.proof import Proof
from giddyup_watch.explain.why.disk import Disk
from giddyup_watch.gaps.check import Terms
from giddyup_watch.ingest import plan
from giddyup_watch.ingest.plan import DayPlan
from giddyup_watch.model import LedgerSegment, SegmentKey
from giddyup_watch.source.content import Day
from giddyup_watch.source.manifest import Manifest
from giddyup_watch.store import control, ledger, lock, migrate, server, upkeep
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.control import Control
from giddyup_watch.store.dossier import DayDecision, KeptReject, Rows, SegmentDecision, Span
from giddyup_watch.store.incidents import Incident
from giddyup_watch.store.lock import Holder
from giddyup_watch.store.runs import Run
from giddyup_watch.store.server import Daemon
from giddyup_watch.store.upkeep import Upkeep


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
    upkeep: Upkeep | None = None

    @classmethod
    def of(cls, conn: Connection, lock_id: int) -> Self:
        """Look around; on a database with migrations due there is nothing else to ask."""
        due = tuple(str(one) for one in migrate.pending(conn))
        if due:
            return cls(due)
        found = cls(adoption_due=ledger.needs_adoption(conn), upkeep=upkeep.fetch(conn))
        return found.as_of_now(conn, lock_id)

    def as_of_now(self, conn: Connection, lock_id: int) -> Self:
        """Ask again for what is in no table: clock, locks and sessions."""
        return replace(
            self,
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
