"""What a proof rests on: while all of that is the same, the proof holds as it was found.

A segment is proven from its three files, the rules, this program, and what the database holds:
all rows of its calendar month and the names they may lead to. Files and rows are read and hashed
each time. What is spared is to parse the lines of the files, and to make the rows of them again.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

import giddyup_watch
from giddyup_watch.explain.proof import DayProof, Proof, Tally
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.source.snapshot import Snapshot
from giddyup_watch.store import rowdigests, verified
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.rowdigests import Names
from giddyup_watch.store.verified import Proven

#: Raised with every change of what is compared, or how, within one release.
VERSION = 1


class Recall:
    """The proofs that were recorded, for the snapshot of one transaction."""

    def __init__(self, conn: Connection, rules: Rules) -> None:
        self._conn = conn
        self._rules = rules
        self._proven = verified.proven(conn)
        self._newest = rowdigests.newest_names(conn)
        self._names: dict[Names, bytes] = {}
        self._month = ("", b"")

    def proof(self, seen: Snapshot) -> Proof | None:
        """Return the proof of this segment again, if all that it rested on is the same."""
        before = self._proven.get(seen.key)
        if before is None or before != self._resting(seen, before.names_to, before.counts):
            return None
        days = [
            DayProof(dt.date.fromisoformat(day), "equal", races=Tally(races), runners=Tally(rows))
            for day, races, rows in json.loads(before.counts)
        ]
        return replace(self.rested(Proof(seen.key, "equal", days=days), seen), remembered=True)

    def rested(self, proof: Proof, seen: Snapshot) -> Proof:
        """Note in a proof what it rests on, if every day of it was compared and equal."""
        compared = all(day.result == "equal" and not day.reason for day in proof.days)
        foreign = any(day.races.foreign or day.runners.foreign for day in proof.days)
        if proof.result != "equal" or proof.reason or foreign or not compared:
            return proof
        return replace(proof, proven=self._resting(seen, self._newest, _counts(proof.days)))

    def _resting(self, seen: Snapshot, names_to: Names, counts: str) -> Proven:
        if names_to not in self._names:
            self._names[names_to] = rowdigests.names(self._conn, names_to)
        files = (seen.fingerprint.manifest, seen.fingerprint.races, seen.fingerprint.runners)
        program = (VERSION, giddyup_watch.__version__, self._rules.fingerprint)
        told = repr((program, str(seen.key), files, names_to, counts)).encode()
        held = self._digest_of(seen.key) + self._names[names_to]
        return Proven(hashlib.sha256(told + held).digest(), names_to, counts)

    def _digest_of(self, key: SegmentKey) -> bytes:
        if self._month[0] != key.month:
            self._month = (key.month, rowdigests.month(self._conn, key))
        return self._month[1]


def _counts(days: Sequence[DayProof]) -> str:
    return json.dumps([(f"{day.day}", day.races.compared, day.runners.compared) for day in days])
