"""How a segment's files stand to what was decided about them: which days can be compared."""

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

from giddyup_watch.explain.proof import Result
from giddyup_watch.ingest import examine, guards, plan
from giddyup_watch.ingest.guards import Setting
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import LedgerDay, LedgerSegment, SegmentKey
from giddyup_watch.source.content import Content, Day, Race
from giddyup_watch.source.snapshot import Snapshot
from giddyup_watch.store import ledger


@dataclass(frozen=True, slots=True)
class Standing:
    """A segment as read, and what the ledger says of it.

    `same` says that the ledger speaks of this very content, whatever it says
    of it; `agrees` that the manifest does with the files.
    """

    key: SegmentKey
    seen: Snapshot
    content: Content
    setting: Setting
    known: LedgerSegment | None
    ledger: dict[dt.date, LedgerDay]
    same: bool
    agrees: bool

    def days(self) -> Iterator[tuple[dt.date, Day | None, LedgerDay | None]]:
        """Every day that files or ledger know, with what each says."""
        for date in sorted(self.ledger.keys() | self.content.days.keys()):
            yield date, self.content.days.get(date), self.ledger.get(date)

    def races(self) -> list[Race]:
        """Every race in the files."""
        return [race for day in self.content.days.values() for race in day.races.values()]

    def races_by_rules(self, date: dt.date) -> list[Race]:
        """The races of a day in the files, if what is loaded of it was read by these rules."""
        day, before = self.content.days.get(date), self.ledger.get(date)
        if day is None or before is None or before.rules != self.setting.rules.fingerprint:
            return []
        return list(day.races.values())

    def comparable(self, day: Day, before: LedgerDay) -> bool:
        """Whether the day's content is what was loaded, and nothing of it waits.

        Where the database is to hold something else than the content says
        (leftovers kept) the day has no rules in the ledger, for good.
        """
        return (
            before.state == "loaded"
            and before.digest == day.digest
            and (before.rules == self.setting.rules.fingerprint or self._loaded)
        )

    def verdict(self, day: Day | None, before: LedgerDay | None) -> tuple[Result, str] | None:
        """Say why a day cannot be compared; None when there is nothing of it anywhere."""
        gone = day is None or plan.has_nothing(day)
        if before is None and gone:
            return None
        if before is not None and before.state == "absent" and gone:
            return "absent", before.reason
        if before is not None and before.held is not None and self._still_held(day, before):
            return "held", before.reason
        if self.same and self.known is not None and self.known.state in ("held", "parked"):
            return "held", self.known.reason
        if before is None:
            return "behind", "it is not loaded yet"
        if gone:
            return "behind", "the files lost it since it was loaded"
        same = before.digest is not None and day is not None and before.digest == day.digest
        return "behind", "it is to be compared again" if same else "the files changed since"

    def _still_held(self, day: Day | None, before: LedgerDay) -> bool:
        return day is not None and before.held == guards.hold_token(day, self.setting)

    @property
    def _loaded(self) -> bool:
        """Whether nothing of this content waits to be loaded, under these rules."""
        return (
            self.same
            and self.known is not None
            and self.known.state == "loaded"
            and self.known.rules == self.setting.rules.fingerprint
        )


def find(session: Session, seen: Snapshot, known: LedgerSegment | None) -> Standing:
    """Parse a segment and put it beside the ledger; raises what `examine.parse` raises."""
    same = known is not None and known.fingerprint == seen.fingerprint
    # What was decided on once needs no agreeing manifest, however lately it was touched.
    parsed, agrees = examine.parse(seen, -math.inf if same else session.orphan_seconds)
    undated = [reject for reject in parsed.rejects if reject.column is None]
    return Standing(
        key=seen.key,
        seen=seen,
        content=parsed,
        setting=Setting(seen.key, session.rules, undated=undated),
        known=known,
        ledger=ledger.fetch_days(session.conn, seen.key),
        same=same,
        agrees=agrees,
    )
