"""What the API asks of the daemon, in values that both know."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from giddyup_watch.gaps.check import Ask, Terms
from giddyup_watch.ingest.outcome import Outcome
from giddyup_watch.ingest.segment import Session
from giddyup_watch.model import Accept, SegmentKey
from giddyup_watch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that somebody wants: some days, or with `days` None whole months.

    `first_month` and `last_month` (YYYY-MM) bound the latter.
    """

    trigger: Literal["api", "cli"]
    regions: tuple[str, ...]
    codes: tuple[str, ...]
    days: frozenset[dt.date] | None = None
    first_month: str = ""
    last_month: str = "9999-12"
    force: bool = False
    accept: frozenset[Accept] = frozenset()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that has begun."""

    run_id: int
    started_at: dt.datetime
    scope: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run that was asked for here has come; `outcomes` of the segments done."""

    total: int
    outcomes: tuple[Outcome, ...]
    ended: bool


@dataclass(frozen=True, slots=True)
class Deed:
    """A request that would change something, for the log.

    `who` is who the listener says it is, `where` the address or the socket it
    came from. `body` is cut.
    """

    who: str
    where: str
    what: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Reloaded:
    """Settings that took effect, and those that need a restart."""

    applied: tuple[str, ...]
    restart_needed: tuple[str, ...]


class Orders(Protocol):
    def place(self, wanted: Wanted, seconds: float) -> Accepted:
        """Have a run begun within so many seconds.

        Raises LockBusyError while another run goes on, PausedError, and
        NotServingError with what else is in the way.
        """
        ...

    def progress(self, run_id: int) -> Progress | None:
        """None of a run that was not asked for here, or long ago."""
        ...


@dataclass(frozen=True, slots=True)
class Situation:
    """What the daemon knows by itself, also while there is no database.

    `problems` are those of `/readyz`; `waiting` is the queue with what is in
    hand, in seconds since each segment was first noted.
    """

    role: Literal["idle", "active", "standby"]
    watcher: str
    problems: Mapping[str, str]
    waiting: Mapping[SegmentKey, float]
    master: str
    folders: tuple[tuple[str, str], ...]
    zone: ZoneInfo
    lock_id: int


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the API turns to. Everything here may be called by any thread.

    `reading` gives a read-only session for the length of a `with`, `writing`
    one for what operators ask for (pause, cancel): never for facts. `ask` makes what
    a check is asked, in a transaction of repeatable reads, of the tree as it is now in some months;
    `session` is what a segment is looked at with. `identity`
    tells tree and database apart from others, for commands that look for their daemon.
    `situation` is cheap: the status page asks for it every second.
    """

    identity: str
    orders: Orders
    ask: Callable[[Connection, Collection[str]], Ask]
    session: Callable[[Connection], Session]
    reading: Callable[[], AbstractContextManager[Connection]]
    writing: Callable[[], AbstractContextManager[Connection]]
    rescan: Callable[[], None]
    reload: Callable[[], Reloaded]
    wake: Callable[[], None]
    terms: Callable[[], Terms]
    today: Callable[[], dt.date]
    situation: Callable[[], Situation]
    log: Callable[[Deed], None]
