"""One round of the checks as the daemon leads it: what the tree holds, what waits, who asks."""

import datetime as dt
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from giddyup_watch.daemon import rescan
from giddyup_watch.daemon.board import Board
from giddyup_watch.daemon.duty import Duty, News
from giddyup_watch.daemon.pending import Pending
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.gaps import round as gap_round
from giddyup_watch.gaps.check import Ask, Terms
from giddyup_watch.gaps.round import Round
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be watched over, and how. A new one can be given at any time.

    `settle` is how many seconds after its change a segment is in the queue at
    the latest. `verify_at` is None for never.
    """

    master: Path
    terms: Terms
    rules: Rules
    lock_id: int
    orphan_seconds: float
    interval: float
    settle: float
    verify_at: dt.time | None

    def session(self, conn: Connection) -> Session:
        return Session(conn, self.master, self.rules, self.lock_id, self.orphan_seconds)


class Rounds:
    """What is known of the tree outlasts the connection; all else is asked anew each time."""

    def __init__(
        self, plan: Callable[[], Plan], duty: Duty, pending: Pending, board: Board
    ) -> None:
        self._plan = plan
        self._duty = duty
        self._pending = pending
        self._board = board
        self._inventory = Inventory()
        self._turns = itertools.count()

    def go(self, conn: Connection, news: News) -> tuple[Ask, Round]:
        """Ask every check: about the window, the days corrected, and all of ledger and disk."""
        plan, now = self._plan(), dt.datetime.now(dt.UTC)
        disk = self.disk()
        ask = Ask(
            conn,
            plan.terms,
            now,
            days=tuple(sorted(news.days.union(gap_round.window(plan.terms, now)))),
            disk=disk,
            waiting=self._waiting(plan) if disk is not None else {},
            turn=next(self._turns),
        )
        return ask, gap_round.go(ask)

    def disk(self) -> Inventory | None:
        """What the tree holds now, None when that cannot be told.

        A tree that is gone or empty says nothing of its segments; before the
        first comparison nobody knows which of them wait to be loaded.
        """
        plan = self._plan()
        if not self._duty.compared or self._board.problem("tree"):
            return None
        try:
            look = layout.look(plan.master, plan.terms.regions, plan.terms.codes)
            if not rescan.present(look.segments):
                return None
            self._inventory.update(plan.master, look)
        except TreeMissingError:
            return None
        return None if self._board.problem("tree") else self._inventory

    def _waiting(self, plan: Plan) -> dict[SegmentKey, float]:
        """Those in the queue, and those that changed so lately that nobody may have noticed yet."""
        now = time.time()
        fresh = {
            key: age
            for key, held in self._inventory.holdings.items()
            if 0 <= (age := now - held.stamp.changed_at) < plan.settle
        }
        return fresh | self._pending.ages(time.monotonic())
