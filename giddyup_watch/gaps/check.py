"""What a gap check is: a decorated function that is asked and answers with findings.

A check reads, and writes nothing. It is asked about days of race rows, or about
everything that ledger and disk say; `Ask` carries all that it may depend on, the
clock included.
"""

import datetime as dt
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, overload
from zoneinfo import ZoneInfo

from giddyup_watch.errors import GiddyupError
from giddyup_watch.gaps.history import History
from giddyup_watch.model import SegmentKey
from giddyup_watch.source.inventory import Inventory
from giddyup_watch.store import connection
from giddyup_watch.store.connection import Connection, Params
from giddyup_watch.store.kept import Statements

T = TypeVar("T")

#: For an answer that must not take long.
NO_TURN = -1

Severity = Literal["critical", "warning", "info"]
#: What a check reads: race rows of the days it is asked about, or everything that ledger and
#: disk say, whatever the days. `disk` checks cannot be asked while there is no tree.
Scope = Literal["rows", "ledger", "disk"]
#: Under which name the items of a check are listed in JSON.
Listing = Literal["races", "horses", "items"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is missing or does not add up.

    `key` names it among the findings of its family (see docs/operations.md),
    the same as long as it lasts. `item` is the finding as JSON, `text` as one
    sentence. `day`, `region` and `code` say where to look, as far as it is one.
    """

    check: str
    key: str
    severity: Severity
    text: str
    item: Mapping[str, object]
    day: dt.date | None = None
    region: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What the settings say about gaps; times of day are local to `zone`.

    `off_12h`: off times before ten in the morning may be afternoon ones that
    nobody translated. `blank_days` are `MM-DD`.
    """

    zone: ZoneInfo
    regions: tuple[str, ...]
    codes: tuple[str, ...]
    window_days: int
    grace: dt.timedelta
    stale: dt.timedelta
    blank_days: frozenset[str]
    off_12h: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """What a check is asked: about which days of race rows, at what moment, under which terms.

    `disk` is what the tree holds, None while it is not there. `waiting` says
    how many seconds each segment in the daemon's queue has waited. `turn` is
    the number of the round: what is too much for each is done by turns, whole
    when it is None. When it is NO_TURN nothing but `days`, and their months, is asked about.
    `history` remembers from round to round, `statements` what the database
    answered, as far as it would still say the same.
    """

    conn: Connection
    terms: Terms
    now: dt.datetime
    days: tuple[dt.date, ...]
    disk: Inventory | None = None
    waiting: Mapping[SegmentKey, float] = field(default_factory=dict)
    turn: int | None = None
    history: History = field(default_factory=History)
    statements: Statements | None = None

    @overload
    def fetch_all(self, name: str, params: Params | None = None) -> list[tuple[Any, ...]]: ...

    @overload
    def fetch_all(self, name: str, params: Params | None = None, *, row: type[T]) -> list[T]: ...

    def fetch_all(
        self, name: str, params: Params | None = None, *, row: type[Any] | None = None
    ) -> list[Any]:
        """Rows of a statement of `store.queries`, as `connection.fetch_all` gives them."""
        if self.statements is not None:
            return self.statements.fetch_all(name, params, row)
        if row is None:
            return connection.fetch_all(self.conn, name, params)
        return connection.fetch_all(self.conn, name, params, row=row)

    def wants(self, day: dt.date) -> bool:
        """Whether a finding about the day is of use to who asks."""
        return self.turn != NO_TURN or day in self.days

    @property
    def today(self) -> dt.date:
        """The date in the zone of the terms."""
        return self.now.astimezone(self.terms.zone).date()

    def is_due(self, day: dt.date) -> bool:
        """Whether all that belongs to a past day should be there: `stale` after it began."""
        began = dt.datetime.combine(day, dt.time(), self.terms.zone)
        return began.astimezone(dt.UTC) + self.terms.stale <= self.now

    @property
    def params(self) -> dict[str, object]:
        """Parameters that the statements of the checks on race rows share."""
        return {
            "days": list(self.days),
            "zone": self.terms.zone.key,
            "off_12h": self.terms.off_12h,
        }

    @property
    def tree(self) -> Inventory:
        """What the tree holds; for `disk` checks, which are not asked without it."""
        if self.disk is None:
            raise GiddyupError("a check of the tree was asked while there is no tree")
        return self.disk


Answer = Callable[[Ask], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check. Findings of checks of one `family` are one incident each.

    `incident` is False for one that only informs. `span` are the days that the live
    answer for a day looks at, from and to, counted from that day.
    """

    name: str
    title: str
    severity: Severity
    scope: Scope
    hint: str
    family: str
    listing: Listing
    incident: bool
    span: tuple[int, int]
    answer: Answer

    def __call__(self, ask: Ask) -> list[Finding]:
        return list(self.answer(ask))

    def finding(
        self,
        key: str,
        text: str,
        item: Mapping[str, object],
        *,
        day: dt.date | None = None,
        region: str | None = None,
        code: str | None = None,
    ) -> Finding:
        """One of this check's findings, with its severity."""
        return Finding(self.name, key, self.severity, text, item, day, region, code)

    def days(self, on: dt.date) -> tuple[dt.date, ...]:
        """Return the days that the live answer for `on` looks at."""
        first, last = self.span
        return tuple(on + dt.timedelta(days=offset) for offset in range(first, last + 1))

    def examines(self, ask: Ask, day: dt.date | None) -> bool:
        """Whether a finding about `day` that is not in the answer to `ask` is repaired."""
        return self.scope != "rows" or day in ask.days


_REGISTERED: dict[str, Check] = {}


def check(
    severity: Severity,
    scope: Scope,
    *,
    hint: str,
    family: str = "",
    listing: Listing = "items",
    incident: bool = True,
    span: tuple[int, int] = (0, 0),
) -> Callable[[Answer], Check]:
    """Register a check under its function's name; the docstring's first line is its title.

    `severity` is that of its findings unless one says otherwise. `hint` tells
    an operator what to do.
    """

    def register(answer: Answer) -> Check:
        name = getattr(answer, "__name__", "")
        title = (inspect.getdoc(answer) or "").partition("\n")[0].rstrip(".")
        made = Check(
            name, title, severity, scope, hint, family or name, listing, incident, span, answer
        )
        _REGISTERED[name] = made
        return made

    return register


def registered() -> Iterator[Check]:
    """Checks in the order of their registration; `gaps.checks` registers all there are."""
    yield from _REGISTERED.values()
