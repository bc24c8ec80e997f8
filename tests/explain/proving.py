"""Segments of a bench proven, and what was found as plain values."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from giddyup_watch.explain import verify
from giddyup_watch.explain.proof import DayProof, Proof
from giddyup_watch.model import SegmentKey
from tests.ingest.conftest import FLAT, Bench


def prove(bench: Bench, key: SegmentKey = FLAT) -> Proof:
    """The proof of a segment, which is recorded for the next one.

    It is made with what was recorded before, and from the files alone: both say the same.
    """
    (proof,) = proven_both_ways(bench, [key])
    return proof


def proven_both_ways(bench: Bench, keys: Sequence[SegmentKey]) -> list[Proof]:
    """Proofs from the lines, recorded for the next time; those with what was recorded are equal."""
    again = list(verify.prove(bench.session, keys))
    proofs = list(verify.prove(bench.session, keys, anew=lambda _key: True))
    assert list(map(_timeless, again)) == list(map(_timeless, proofs))
    for proof in proofs:
        verify.record(bench.conn, proof)
    return proofs


def _timeless(proof: Proof) -> Proof:
    return replace(proof, seconds=0.0, remembered=False)


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
