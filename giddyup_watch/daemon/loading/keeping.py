"""What an ingest does in its own transaction for the tables in place of views."""

import structlog

from giddyup_watch.derived import upkeep
from giddyup_watch.logs import Event
from giddyup_watch.store.connection import Connection

log = structlog.get_logger(__name__)


def within_ingest(conn: Connection) -> None:
    """Bring the tables up to the transaction at hand; it commits whatever becomes of that."""
    error = upkeep.keep_up(conn)
    if error:
        log.warning(Event.VIEWS_FAILED, reason=error, hint="noted; tried again in some seconds")


def nothing(_conn: Connection) -> None:
    """Leave the views to the refresher."""
