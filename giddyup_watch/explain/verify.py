"""Prove that the database equals the disk, day by day and row by row."""

from collections.abc import Callable, Iterable, Iterator

from giddyup_watch.explain.proof import Proof
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import SegmentKey
from giddyup_watch.store import connection, verified
from giddyup_watch.store.connection import Connection


def prove(
    session: Session, keys: Iterable[SegmentKey], go_on: Callable[[], bool] = lambda: True
) -> Iterator[Proof]:
    """Compare each segment with its files, all in one snapshot of the database.

    Takes no lock and writes nothing. Segments of one month should follow each
    other: what the database holds of a month is read once. `go_on` is asked
    before each segment. Raises TreeMissingError when the tree is gone, and what
    ends a connection; whatever else is wrong with a segment is in its proof.
    """
    with connection.transaction(session.conn, read_only=True, isolation="repeatable read"):
        for key in keys:
            if not go_on():
                return
            yield Proof(key, "behind", "not compared yet")


def record(conn: Connection, proof: Proof) -> bool:
    """Note in `racing.verified_segments` what was proven; say whether anything was.

    A segment of which days are behind, and none differs, is proven neither way.
    """
    if proof.result == "behind":
        return False
    result: verified.Result = "different" if proof.differing else "equal"
    days = [day.day for day in proof.differing]
    verified.record(conn, proof.key, result, days, proof.finding)
    return True
