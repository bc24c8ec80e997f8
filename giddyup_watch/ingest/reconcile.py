"""Compare what the daemon believes with what ledger and disk say."""

from collections.abc import Collection, Mapping

from giddyup_watch.model import Fingerprint, Rules, SegmentKey
from giddyup_watch.store import ledger
from giddyup_watch.store.connection import Connection

#: States of which the ledger itself says that another look is wanted. Who failed may have
#: been somebody else, who will not try again.
_UNDONE = frozenset({"due", "absent", "failed"})


def due(
    conn: Connection,
    on_disk: Collection[SegmentKey],
    remembered: Mapping[SegmentKey, Fingerprint],
    rules: Rules,
) -> set[SegmentKey]:
    """Return the segments that need a turn.

    `remembered` are the fingerprints last decided on, as the daemon remembers
    them; `on_disk` every segment of the tree as last looked at, which must be
    there: an empty look says nothing about the segments. A database that was
    restored, or edited, differs from what is remembered.
    """
    known = ledger.fetch_segments(conn)
    wanted = rules.fingerprint
    found = {
        key
        for key in on_disk
        if (row := known.get(key)) is None
        or row.state in _UNDONE
        or row.rules != wanted
        or not row.days_agree
        or row.fingerprint != remembered.get(key)
    }
    return found | {
        key for key, row in known.items() if row.state != "absent" and key not in on_disk
    }
