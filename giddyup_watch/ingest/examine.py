"""Look at one segment and decide what has to become of it; nothing is written here."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from giddyup_watch.errors import NotReadyError, SegmentUnfinishedError
from giddyup_watch.ingest import plan
from giddyup_watch.ingest.guards import Setting, Standing
from giddyup_watch.ingest.outcome import Result
from giddyup_watch.ingest.plan import DayPlan
from giddyup_watch.model import (
    TABLES,
    Accept,
    Effects,
    LedgerDay,
    LedgerRace,
    LedgerSegment,
    Rules,
    SegmentKey,
    Trigger,
)
from giddyup_watch.source import cells, content, tree
from giddyup_watch.source.content import Content, Day
from giddyup_watch.source.manifest import Manifest
from giddyup_watch.source.snapshot import Snapshot
from giddyup_watch.store import facts, ledger, rejects
from giddyup_watch.store.connection import Connection

#: States in which unchanged content needs no second look.
_DECIDED = frozenset({"loaded", "held", "refused", "parked"})


@dataclass(frozen=True, slots=True)
class Request:
    """What a run was asked to do; `days` None means all days of each segment.

    `regions` and `codes` are those that somebody named, for the run's scope.
    `adopts` says that the run goes over every segment of the tree, and so may
    take over a database that others filled.
    """

    trigger: Trigger
    days: frozenset[dt.date] | None = None
    force: bool = False
    accept: frozenset[Accept] = frozenset()
    adopts: bool = False
    regions: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    def wants(self, day: dt.date) -> bool:
        return self.days is None or day in self.days


@dataclass(slots=True)
class SegmentPlan:
    """What has to become of a segment.

    `held` says why the whole segment is held, and then `days` is empty. Of the
    days that this request did not ask for, `unasked` need work, and `resting`
    says of each held one why it is. `strays` says whether the rejected lines
    without a date are others than those kept.
    """

    snapshot: Snapshot
    content: Content
    setting: Setting
    agrees: bool
    held: str = ""
    days: list[DayPlan] = field(default_factory=list)
    ledger: dict[dt.date, LedgerDay] = field(default_factory=dict)
    unasked: int = 0
    resting: list[str] = field(default_factory=list)
    strays: bool = False

    @property
    def needs_work(self) -> bool:
        """Whether anything besides the segment's fingerprint is to be written."""
        return bool(self.held) or self.strays or any(day.action != "skip" for day in self.days)

    @property
    def held_days(self) -> list[DayPlan]:
        """Days that are not loaded on purpose, decided now or before."""
        return [day for day in self.days if day.held is not None]

    @property
    def result(self) -> Result:
        if self.held or self.held_days:
            return "held"
        return "loaded" if self.needs_work else "unchanged"

    def effects(self) -> Effects:
        """Everything that is known before the facts are touched."""
        total = Effects(segments=1, bytes=len(self.snapshot.races) + len(self.snapshot.runners))
        for table, counts in (("races", total.races), ("runners", total.runners)):
            counts.rejected = sum(
                r.table == table and r.column is None for r in self.content.rejects
            )
        if self.held:
            self._account_held(total)
        for day in self.days:
            total.add(day.effects)
        return total

    def _account_held(self, total: Effects) -> None:
        for day in self.content.days.values():
            total.races.held += len(day.races)
            total.runners.held += day.runners
            plan.account(total, day)


def unchanged(known: LedgerSegment | None, seen: Snapshot, rules: Rules, request: Request) -> bool:
    """Whether this content was decided on already, under these rules, and nobody asks again."""
    return (
        known is not None
        and known.state in _DECIDED
        and known.fingerprint == seen.fingerprint
        and known.rules == rules.fingerprint
        and known.days_agree
        and not request.force
        and not request.accept
    )


def parse(
    seen: Snapshot, orphan_seconds: float, read: Callable[[Snapshot], Content] = content.parse
) -> tuple[Content, bool]:
    """Parse a snapshot with `read`; also say whether its manifest agrees with it.

    Raises NotReadyError while the manifest does not and the files have changed
    less than `orphan_seconds` ago: the writer is at work, or died. Raises
    SegmentRefusedError for files that are not what they claim to be.
    """
    quiet = _quiet_for(seen)
    if seen.manifest is None and quiet < orphan_seconds:
        raise NotReadyError(f"manifest.json: {seen.manifest_problem}")
    try:
        parsed = read(seen)
    except SegmentUnfinishedError as error:
        if quiet < orphan_seconds:
            raise NotReadyError(error.message) from error
        raise
    agrees = seen.manifest is not None and parsed.agrees(seen.manifest)
    if not agrees and quiet < orphan_seconds:
        raise NotReadyError(_disagreement(parsed, seen.manifest))
    return parsed, agrees


def quiet_in(seen: Snapshot, orphan_seconds: float) -> float:
    """Return in how many seconds the segment will have been quiet for `orphan_seconds`."""
    return max(0.0, orphan_seconds - _quiet_for(seen))


def plan_segment(
    conn: Connection,
    seen: Snapshot,
    parsed: Content,
    rules: Rules,
    request: Request,
    *,
    agrees: bool,
) -> SegmentPlan:
    """Plan every day of a segment that the request wants."""
    setting = Setting(
        key=seen.key,
        rules=rules,
        accept=request.accept,
        force=request.force,
        undated=[reject for reject in parsed.rejects if reject.column is None],
    )
    made = SegmentPlan(seen, parsed, setting, agrees)
    if "columns" not in request.accept:
        made.held = _missing_columns(conn, parsed, rules)
        if made.held:
            return made
    made.ledger = ledger.fetch_days(conn, seen.key)
    changed: set[dt.date] = set()
    for date in sorted(made.ledger.keys() | parsed.days.keys()):
        day, before = parsed.days.get(date), made.ledger.get(date)
        if not request.wants(date):
            _pass_over(day, before, made)
        elif plan.settled(day, before, setting):
            made.days.append(plan.untouched(date, day, before))
        else:
            changed.add(date)
    made.strays = _strays(conn, parsed)
    provenance = _provenance(conn, seen.key, changed)
    made.days += [_plan_day(conn, date, *provenance[date], made) for date in sorted(changed)]
    return made


def absent_days(conn: Connection, key: SegmentKey, rules: Rules, request: Request) -> list[DayPlan]:
    """Plan the days of a segment that is not on disk, or lacks one of its files.

    Unless they are given up, which is for the days asked for, it is about all.
    """
    setting = Setting(key, rules, request.accept)
    dates = set(ledger.fetch_days(conn, key))
    if "shrink" in request.accept:
        dates = {date for date in dates if request.wants(date)}
    provenance = _provenance(conn, key, dates)
    return [plan.vanished(date, None, *provenance[date], setting) for date in sorted(dates)]


def _strays(conn: Connection, parsed: Content) -> bool:
    """Whether the lines without a date are not those kept: they are of no day that would tell."""
    files = tree.names(parsed.key)
    names = {"races": files.races, "runners": files.runners}
    now = [(names[r.table], r.line, r.value, r.reason) for r in parsed.rejects]
    return sorted(now) != sorted(rejects.undated(conn, parsed.key))


def _pass_over(day: Day | None, before: LedgerDay | None, made: SegmentPlan) -> None:
    """Note a day that was not asked for: what was forced or accepted is not meant for it."""
    ordinary = replace(made.setting, force=False, accept=frozenset())
    if not plan.settled(day, before, ordinary):
        made.unasked += 1
    elif before is not None and before.held is not None:
        made.resting.append(f"{before.day} {before.reason}")


def _plan_day(
    conn: Connection,
    date: dt.date,
    own: list[LedgerRace],
    others: list[LedgerRace],
    made: SegmentPlan,
) -> DayPlan:
    """Plan a day whose content differs from what the ledger says was loaded."""
    day = made.content.days.get(date)
    if day is None or plan.has_nothing(day):
        return plan.vanished(date, day, own, others, made.setting)
    gone = any(race.race_key not in day.races for race in own)
    standing = _standing(conn, date, own) if gone else {}
    return plan.load(day, made.ledger.get(date), own, others, standing, made.setting)


def _standing(conn: Connection, date: dt.date, own: list[LedgerRace]) -> dict[str, Standing]:
    rows = facts.standing(conn, date, [race.race_key for race in own])
    return {race_key: Standing(course, resulted) for race_key, course, resulted in rows}


def _provenance(
    conn: Connection, key: SegmentKey, dates: set[dt.date]
) -> dict[dt.date, tuple[list[LedgerRace], list[LedgerRace]]]:
    """Return for each of the dates the races of the segment, and those of all others."""
    found: dict[dt.date, tuple[list[LedgerRace], list[LedgerRace]]]
    found = {date: ([], []) for date in dates}
    for race in ledger.fetch_races(conn, dates) if dates else ():
        own, others = found[race.day]
        (own if race.key == key else others).append(race)
    return found


def _missing_columns(conn: Connection, parsed: Content, rules: Rules) -> str:
    """Say which columns the header lacks although stored rows fill them; empty when none."""
    keys = [race_key for day in parsed.days.values() for race_key in day.races]
    found: dict[str, int] = {}
    for table in TABLES:
        missing = sorted(parsed.missing_columns[table])
        if missing and keys:
            found |= facts.filled_columns(
                conn,
                parsed.key,
                table,
                missing,
                keys,
                prices=sorted(cells.PRICE_COLUMNS),
                keep_live_prices=rules.keep_live_prices,
            )
    if not found:
        return ""
    listed = ", ".join(f"{name} ({count})" for name, count in sorted(found.items()))
    return f"columns: the header lacks columns that loaded rows fill: {listed}"


def _quiet_for(seen: Snapshot) -> float:
    """Return seconds since the files last changed.

    A ctime well in the future is from before the clock was set back: such a
    file is as quiet as it will ever be.
    """
    age = time.time() - seen.stamp.changed_at
    return age if age > -_CLOCK_SLACK else float("inf")


#: How far the clocks of a file server and this machine may differ, in seconds.
_CLOCK_SLACK = 300.0


def _disagreement(parsed: Content, manifest: Manifest | None) -> str:
    if parsed.cut_short:
        return f"the last line of the {' and '.join(parsed.cut_short)} file has no newline"
    if manifest is None:
        return "there is no readable manifest"
    return (
        f"manifest says {manifest.race_count} races and {manifest.runner_count} runners,"
        f" the files have {parsed.lines['races']} and {parsed.lines['runners']}"
    )
