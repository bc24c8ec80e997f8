"""Whether the database can be worked on: migrated, and its rows adopted."""

from collections.abc import Callable
from contextlib import closing
from typing import Literal

import structlog

from giddyup_watch.daemon.state.board import Board
from giddyup_watch.logs import Event
from giddyup_watch.store import ledger, migrate
from giddyup_watch.store.connection import Connection

log = structlog.get_logger(__name__)


class Readiness:
    """Looks, says on the board what is missing, and does what may be done unasked.

    `own` is set for an embedded database, which is migrated like an empty one;
    anybody else's is left to `giddyup-watch migrate`.
    """

    def __init__(
        self, board: Board, lock_id: int, *, own: bool, connect: Callable[[], Connection]
    ) -> None:
        self._board = board
        self._lock_id = lock_id
        self._own = own
        self._connect = connect

    def check(self, conn: Connection) -> bool:
        """True when nothing is missing. Raises ConfigError for a newer database."""
        due = migrate.pending(conn)
        if due:
            names = ", ".join(str(one) for one in due)
            self._say("migrations", f"due: {names}", "giddyup-watch migrate")
            self._board.set("adoption", "to be judged after the migrations")
            return False
        self._board.set("migrations")
        if ledger.needs_adoption(conn):
            problem = "the database has rows that this program has not compared with the tree"
            self._say("adoption", problem, "giddyup-watch backfill, first with --dry-run")
            return False
        self._board.set("adoption")
        return True

    def bring_up(self, conn: Connection, wait: Callable[[float], object], *, fill: bool) -> bool:
        """The same, after migrating a database that is ours or, with `fill`, an empty one."""
        if migrate.pending(conn) and (self._own or (fill and migrate.is_empty(conn))):
            with closing(self._connect()) as unhurried:
                done = migrate.apply(unhurried, self._lock_id, wait=wait)
            log.info(Event.DATABASE_MIGRATED, migrations=[str(one) for one in done])
        return self.check(conn)

    def _say(self, condition: Literal["migrations", "adoption"], problem: str, hint: str) -> None:
        if self._board.set(condition, problem):
            log.warning(Event.DATABASE_NOT_READY, reason=problem, hint=hint)
