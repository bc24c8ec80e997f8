"""Segments of a bench proven, and what was found as plain values."""

import datetime as dt

from giddyup_watch.explain import verify
from giddyup_watch.explain.proof import DayProof, Proof
from giddyup_watch.model import SegmentKey
from tests.ingest.conftest import FLAT, Bench


def prove(bench: Bench, key: SegmentKey = FLAT) -> Proof:
    (proof,) = verify.prove(bench.session, [key])
    return proof


def day_of(proof: Proof, day: str) -> DayProof:
    return next(one for one in proof.days if one.day == dt.date.fromisoformat(day))


def results(bench: Bench, key: SegmentKey = FLAT) -> dict[str, str]:
    return {f"{day.day}": day.result for day in prove(bench, key).days}


def counts(day: DayProof) -> dict[str, int]:
    """What is not zero, but for what was compared."""
    found = {
        f"{table} {name}": getattr(day.tally(table), name)
        for table in ("races", "runners")
        for name in ("missing", "changed", "superfluous", "foreign")
    }
    return {name: number for name, number in found.items() if number}
