"""Prove that the database equals the disk, day by day and row by row."""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator

from giddyup_watch.errors import NotReadyError, SegmentAbsentError, SegmentRefusedError
from giddyup_watch.explain import rows, standing
from giddyup_watch.explain.basis import Recall
from giddyup_watch.explain.digests import Digests
from giddyup_watch.explain.encode import Encoder
from giddyup_watch.explain.month import Month
from giddyup_watch.explain.proof import RESULTS, DayProof, Proof, Result
from giddyup_watch.explain.standing import Standing
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import LedgerDay, LedgerSegment, SegmentKey
from giddyup_watch.source import snapshot
from giddyup_watch.source.content import Day
from giddyup_watch.store import connection, ledger, rowdigests, verified
from giddyup_watch.store.connection import Connection


def prove(
    session: Session,
    keys: Iterable[SegmentKey],
    go_on: Callable[[], bool] = lambda: True,
    anew: Callable[[SegmentKey], bool] = lambda _key: False,
) -> Iterator[Proof]:
    """Compare each segment with its files, all in one snapshot of the database.

    Takes no lock and writes nothing. Segments of one month should follow each
    other: what the database holds of a month is read once. `go_on` is asked
    before each segment. A segment of which all is as it was when it was proven is
    not compared again, unless `anew` says so. Raises TreeMissingError when the tree
    is gone, and what ends a connection; whatever else is wrong with a segment is in
    its proof.
    """
    with connection.transaction(session.conn, read_only=True, isolation="repeatable read"):
        # The ledger first: the files that are read later can only be newer.
        prover = _Prover(session, ledger.fetch_segments(session.conn), anew)
        for key in keys:
            if not go_on():
                return
            yield prover.prove(key)


def record(conn: Connection, proof: Proof) -> bool:
    """Note in `racing.verified_segments` what was proven; say whether anything was.

    A segment of which days are behind, and none differs, is proven neither way.
    """
    if proof.result == "behind":
        return False
    result: verified.Result = "different" if proof.differing else "equal"
    days = [day.day for day in proof.differing]
    verified.record(conn, proof.key, result, days, proof.finding, proof.proven)
    return True


class _Prover:
    """Proves segments in the snapshot of one transaction."""

    def __init__(
        self,
        session: Session,
        known: dict[SegmentKey, LedgerSegment],
        anew: Callable[[SegmentKey], bool],
    ) -> None:
        self._session = session
        self._conn = session.conn
        self._known = known
        self._anew = anew
        self._encoder = Encoder(session.conn, session.rules.off_times)
        self._recall = Recall(session.conn, session.rules)
        self._month: Month | None = None

    def prove(self, key: SegmentKey) -> Proof:
        started = time.monotonic()
        proof = self._proof(key)
        return dataclasses.replace(proof, seconds=time.monotonic() - started)

    def _proof(self, key: SegmentKey) -> Proof:
        try:
            seen = snapshot.read(self._session.master, key)
            if not self._anew(key) and (again := self._recall.proof(seen)):
                return again
            found = standing.find(self._session, seen, self._known.get(key))
        except NotReadyError as error:
            return self._unread(key, "behind", error.message)
        except SegmentRefusedError as error:
            return self._unread(key, "refused", error.message)
        except SegmentAbsentError as error:
            return self._unread(key, "absent", error.message)
        self._encoder.learn(key, found.races())
        days: dict[dt.date, DayProof] = {}
        compared: list[tuple[Day, LedgerDay]] = []
        for date, day, before in found.days():
            if day is not None and before is not None and found.comparable(day, before):
                compared.append((day, before))
            elif verdict := found.verdict(day, before):
                days[date] = DayProof(date, *verdict)
        self._look_for_lost(key, list(days.values()))
        for proof in days.values():
            self._compare_kept(found, proof)
        days |= self._compare(found, compared)
        return self._recall.rested(self._summed_up(key, days), seen)

    def _compare_kept(self, found: Standing, proof: DayProof) -> None:
        """Compare those races of a held or newer day that are still as they were loaded."""
        claims = self._of_month(found.key).claims(found.key, proof.day)
        kept = [
            race
            for race in found.races_by_rules(proof.day)
            if (claim := claims.get(race.key)) and claim.owned and claim.digest == race.digest
        ]
        digests = self._digests(found.key)
        doubtful = [race for race in kept if not digests.same(race)]
        if doubtful:
            rows.compare_races(self._conn, found, proof, doubtful)

    def _unread(self, key: SegmentKey, result: Result, reason: str) -> Proof:
        """Judge by the ledger alone: what it claims has to be in the database.

        What is neither on disk nor in the ledger is equal: given up.
        """
        known = ledger.fetch_days(self._conn, key)
        if result == "absent" and not known:
            return dataclasses.replace(self._summed_up(key, {}), reason=reason)
        days = {date: DayProof(date, result, reason) for date in sorted(known)}
        self._look_for_lost(key, list(days.values()))
        proof = self._summed_up(key, days)
        worst = max(proof.result, result, key=RESULTS.index)
        return dataclasses.replace(proof, result=worst, reason=reason)

    def _summed_up(self, key: SegmentKey, days: dict[dt.date, DayProof]) -> Proof:
        """Add what others wrote, and take the worst day's result for the segment's."""
        month = self._of_month(key)
        for date in month.unclaimed(key):
            only_there = DayProof(date, "equal", "others put it into racing.ingested_days")
            days.setdefault(date, only_there)
        for date, counts in month.foreign(key).items():
            day = days.setdefault(date, DayProof(date, "equal"))
            day.races.foreign += counts["races"]
            day.runners.foreign += counts["runners"]
        worst: Result = max(
            (day.result for day in days.values()), key=RESULTS.index, default="equal"
        )
        return Proof(key, worst, days=[days[date] for date in sorted(days)])

    def _of_month(self, key: SegmentKey) -> Month:
        if self._month is None or self._month.name != key.month:
            self._month = Month(self._conn, key)
        return self._month

    def _digests(self, key: SegmentKey) -> Digests:
        return Digests(key, self._encoder, self._of_month(key))

    def _look_for_lost(self, key: SegmentKey, days: list[DayProof]) -> None:
        """Find rows that the ledger claims, of days whose cells cannot be compared."""
        by_date = {day.day: day for day in days}
        if not by_date:
            return
        for date, race_key in rowdigests.lost_races(self._conn, key, by_date.keys()):
            rows.missing(by_date[date], "races", race_key)
        for date, runner_key in rowdigests.lost_runners(self._conn, key, by_date.keys()):
            rows.missing(by_date[date], "runners", runner_key)

    def _compare(
        self, found: Standing, days: list[tuple[Day, LedgerDay]]
    ) -> dict[dt.date, DayProof]:
        """Compare days by digests, and those that differ in any way row by row."""
        proofs = {day.day: DayProof(day.day, "equal") for day, _ in days}
        digests = self._digests(found.key)
        doubtful = [day.day for day, _ in days if not digests.equal(day, proofs[day.day])]
        if doubtful:
            month, closer = self._of_month(found.key), [proofs[date] for date in doubtful]
            rows.compare(self._conn, found, month.owns, closer)
            self._count_strangers(found.key, closer)
        for day, before in days:
            if not before.ingested:
                proofs[day.day].differs(reason="it is not in racing.ingested_days")
        return proofs

    def _count_strangers(self, key: SegmentKey, days: list[DayProof]) -> None:
        """Count the runners that others wrote into races of ours."""
        month = self._of_month(key)
        ids = [race_id for day in days for race_id in month.race_ids(key, day.day)]
        strangers = rowdigests.foreign_runners(self._conn, key, ids)
        for day in days:
            day.runners.foreign += strangers.get(day.day, 0)
