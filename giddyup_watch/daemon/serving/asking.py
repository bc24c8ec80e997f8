"""What the checks are asked with over HTTP: the tree, the queue, the settings, what is kept."""

import datetime as dt
import itertools
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from giddyup_watch.daemon import terms
from giddyup_watch.daemon.state.board import NOT_CHECKED, Board
from giddyup_watch.daemon.state.pending import Pending
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.gaps.check import Ask
from giddyup_watch.gaps.history import History
from giddyup_watch.model import SegmentKey
from giddyup_watch.settings import Settings
from giddyup_watch.source import snapshot
from giddyup_watch.source.inventory import Holding, Inventory
from giddyup_watch.store.connection import Connection
from giddyup_watch.store.kept import Kept, Statements

#: Answers of the database that are kept: a question about a day needs some ten of its own.
STATEMENTS = 1024


class Asking:
    """Keeps what was read from one question to the next; used by any thread.

    The months that a question is about are looked at anew. What is known of the
    others is what `holdings` has, the monitor's last round: it only tells the
    racing calendar.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        pending: Pending,
        board: Board,
        holdings: Callable[[], Mapping[SegmentKey, Holding]],
    ) -> None:
        self._settings = settings
        self._pending = pending
        self._board = board
        self._holdings = holdings
        self._seen: Mapping[SegmentKey, Holding] = {}
        self._inventory = Inventory()
        self._history = History()
        self._kept: Kept[list[Any]] = Kept(STATEMENTS)
        self._lock = threading.Lock()

    def __call__(self, conn: Connection, months: Collection[str]) -> Ask:
        """In a transaction of repeatable reads; `months` are YYYY-MM."""
        given = self._settings()
        return Ask(
            conn,
            terms.of(given),
            dt.datetime.now(dt.UTC),
            days=(),
            disk=self._disk(given, months),
            waiting=self._pending.ages(time.monotonic()),
            history=self._history,
            statements=Statements(conn, self._kept),
        )

    def _disk(self, given: Settings, months: Collection[str]) -> Inventory | None:
        """A copy that no other question changes; None when the tree is gone or empty."""
        master = given.master
        if self._board.problem("tree") not in ("", NOT_CHECKED):
            return None
        keys = itertools.starmap(
            SegmentKey, itertools.product(master.regions, master.codes, months)
        )
        copied = Inventory()
        with self._lock:
            if (known := self._holdings()) is not self._seen:
                self._seen = self._inventory.holdings = known
            try:
                self._inventory.renew(master.tree, snapshot.stamps(master.tree, keys))
            except TreeMissingError:
                return None
            copied.holdings = self._inventory.holdings
        return copied
