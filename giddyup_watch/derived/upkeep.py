"""Keep the known views up as tables: in the ingest's transaction, after others, once a night.

Triggers note every race that changes in the transaction that changes it. So
what goes wrong here costs nothing but time: the notes stay.
"""

from collections.abc import Callable
from dataclasses import dataclass

from giddyup_watch.derived import changeover
from giddyup_watch.errors import DatabaseUnavailableError, GiddyupError
from giddyup_watch.store import connection, lock, upkeep
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.upkeep import Drift

#: Notes worked off in one transaction, about: an ingest waits a second for it, at most.
MOST = 400
#: So many noted races are quicker built anew than worked off.
REBUILD_AT = 20_000
#: All notes at once, when some cannot be worked off without others.
_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of the notes: `done` worked off, `rebuilt` all at once; why some are left."""

    done: int = 0
    rebuilt: bool = False
    error: str = ""


def keep_up(conn: Connection) -> str:
    """Bring the tables up to what this transaction changed, behind a savepoint.

    Returns why that failed, if it did: then the facts commit all the same, the
    races stay noted and are worked off later.
    """
    try:
        with connection.transaction(conn):
            upkeep.derive_own(conn)
    except DatabaseUnavailableError:
        raise
    except GiddyupError as error:
        return error.message
    return ""


def work_off(conn: Connection, lock_id: int, *, go_on: Callable[[], bool] = lambda: True) -> Worked:
    """Work off what is noted, until nothing is or `go_on` says no.

    Nothing is done while another session works on views.
    """
    done = 0
    with lock.held_for_views(conn, lock_id) as taken:
        if not taken or not _ready(conn):
            return Worked()
        try:
            while go_on():
                if upkeep.fetch(conn).races >= REBUILD_AT:
                    changeover.build(conn, as_tables=True, go_on=go_on)
                    return Worked(done, rebuilt=True)
                count = _some(conn)
                if not count:
                    break
                done += count
        except DatabaseUnavailableError:
            raise
        except GiddyupError as error:
            return Worked(done, error=error.message)
    return Worked(done)


def compare(conn: Connection, lock_id: int) -> Drift | None:
    """Compare the tables with their definitions, and note or mend what differs unnoted.

    None when they are not tables, or another session works on views.
    """
    with lock.held_for_views(conn, lock_id) as taken:
        if not taken or not _ready(conn):
            return None
        with connection.transaction(conn):
            return upkeep.compare(conn)


def _ready(conn: Connection) -> bool:
    """Whether there are tables to keep up; a build that was cut short is given up."""
    found = upkeep.fetch(conn)
    if found.building:
        upkeep.begin(conn, building=False)
    return found.tables


def _some(conn: Connection) -> int:
    try:
        with connection.transaction(conn):
            return upkeep.derive_noted(conn, MOST)
    except DatabaseUnavailableError:
        raise
    except GiddyupError:
        with connection.transaction(conn):
            return upkeep.derive_noted(conn, _ALL)
