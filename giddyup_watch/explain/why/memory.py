"""What was found out about days and months is kept for as long as it is so."""

import datetime as dt
import time
from dataclasses import replace

from giddyup_watch.errors import NotReadyError, SegmentRefusedError, TreeMissingError
from giddyup_watch.explain.why import disk
from giddyup_watch.explain.why.disk import Disk
from giddyup_watch.explain.why.evidence import Evidence, Subject
from giddyup_watch.gaps.check import Terms
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Fingerprint, SegmentKey, SegmentStamp
from giddyup_watch.source import snapshot
from giddyup_watch.store import kept
from giddyup_watch.store.kept import Kept

#: Days and months of which the evidence is kept, without the cells: a busy month has 0.3 MB.
SUBJECTS = 64
#: Segments that are kept as parsed, for their other days: a busy month has 30 MB.
PARSED = 1
#: Races of which the digests of their runners are kept: a busy month has 860, 0.4 kB each.
RACES = 8_000
#: Seconds that files must have been at rest: a second change within one tick of the clock of the
#: file system leaves no trace in their stamps.
AT_REST = 2.0


class Memory:
    """Used by any thread. It never makes an answer older than the question.

    Evidence is kept when it is that of a day or month with nothing to be done, and
    given for as long as the database is in the same state and the files have the
    same stamps. `digests` are functions of what they are kept for, and of nothing
    else: they stay true whatever is written.
    """

    def __init__(self, at_rest: float = AT_REST) -> None:
        self._at_rest = at_rest
        self._evidence: Kept[Evidence] = Kept(SUBJECTS)
        self._parsed: Kept[Disk] = Kept(PARSED)
        self.digests: Kept[bytes] = Kept(RACES)

    def cause(
        self, session: Session, terms: Terms, now: dt.datetime, key: SegmentKey
    ) -> object | None:
        """Return what evidence about the segment rests on; None: it is not to be kept.

        In a transaction of repeatable reads.
        """
        stamp = _stamp(session, key)
        if stamp is None:
            return None
        today = now.astimezone(terms.zone).date()
        return kept.mark(session.conn), stamp, session.rules, terms, today

    def recall(self, subject: Subject, cause: object | None) -> Evidence | None:
        return None if cause is None else self._evidence.get(subject, cause)

    def keep(self, made: Evidence, cause: object | None) -> None:
        settled = made.disk.state == "readable" and not made.work and not made.nothing
        if settled and cause is not None and self._is_at_rest(made.disk):
            outline = made.disk.outline(made.subject.holds)
            self._evidence.put(made.subject, cause, replace(made, disk=outline))

    def look(self, session: Session, key: SegmentKey, decided: Fingerprint | None) -> Disk:
        """Read and parse the segment, unless it was the last one and has the same stamps."""
        stamp = _stamp(session, key)
        known = self._parsed.get(key, stamp)
        if known is not None and stamp is not None:
            return known
        made = disk.look(session.master, key, session.orphan_seconds, decided)
        if made.state == "readable" and made.snapshot is not None and self._is_at_rest(made):
            self._parsed.put(key, made.snapshot.stamp, made)
        return made

    def _is_at_rest(self, found: Disk) -> bool:
        changed_at = found.changed_at
        return changed_at is not None and time.time() - changed_at.timestamp() > self._at_rest


def _stamp(session: Session, key: SegmentKey) -> SegmentStamp | None:
    try:
        return snapshot.stamp(session.master, key)
    except (NotReadyError, SegmentRefusedError, TreeMissingError):
        return None
