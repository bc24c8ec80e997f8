"""One round of the checks as the daemon leads it: what the tree holds, what waits, who asks."""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from giddyup_watch.daemon.state.board import Board
from giddyup_watch.daemon.state.duty import Duty, News
from giddyup_watch.daemon.state.pending import Pending
from giddyup_watch.errors import TreeMissingError
from giddyup_watch.gaps import checks
from giddyup_watch.gaps import round as gap_round
from giddyup_watch.gaps.check import Ask, Check, Finding, Terms
from giddyup_watch.gaps.history import History
from giddyup_watch.gaps.round import Round
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Rules, SegmentKey
from giddyup_watch.source import layout
from giddyup_watch.source.inventory import Holding, Inventory
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be watched over, and how. A new one can be given at any time.

    `interval`: seconds from one round to the next; `verify_at` is None for never.
    """

    master: Path
    terms: Terms
    rules: Rules
    lock_id: int
    orphan_seconds: float
    interval: float
    verify_at: dt.time | None

    def session(self, conn: Connection) -> Session:
        return Session(conn, self.master, self.rules, self.lock_id, self.orphan_seconds)


class StoppedError(Exception):
    """The round is given up between two checks: no failure of any, so no error of ours."""


class Rounds:
    """What is known of the tree outlasts the connection; all else is asked anew each time."""

    def __init__(
        self,
        plan: Callable[[], Plan],
        duty: Duty,
        pending: Pending,
        board: Board,
        before_each: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._duty = duty
        self._pending = pending
        self._board = board
        self._before_each = before_each
        self._inventory = Inventory()
        self._history = History()

    @property
    def holdings(self) -> Mapping[SegmentKey, Holding]:
        return self._inventory.holdings

    def go(self, conn: Connection, news: News, turn: int | None) -> tuple[Ask, Round]:
        """Ask every check: about the window, the days corrected, and all of ledger and disk."""
        plan, now = self._plan(), dt.datetime.now(dt.UTC)
        ask = Ask(
            conn,
            plan.terms,
            now,
            days=tuple(sorted(news.days.union(gap_round.window(plan.terms, now)))),
            disk=self.disk(),
            waiting=self._pending.ages(time.monotonic()),
            turn=turn,
            history=self._history,
        )
        return ask, gap_round.go(ask, map(self._announced, checks.registered()))

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
            if not layout.present(look.segments):
                return None
            self._inventory.update(plan.master, look)
        except TreeMissingError:
            return None
        return None if self._board.problem("tree") else self._inventory

    def _announced(self, check: Check) -> Check:
        """Return the same check, which says when it is asked."""

        def answer(ask: Ask) -> Iterable[Finding]:
            self._before_each()
            return check.answer(ask)

        return replace(check, answer=answer)
