"""Checks of what ledger and disk say, of all months: what is not loaded, or only in part."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from giddyup_watch.gaps.check import NO_TURN, Ask, Finding, check
from giddyup_watch.model import SegmentKey
from giddyup_watch.source import tree
from giddyup_watch.source.inventory import Holding
from giddyup_watch.store import incidents

#: How long a segment may wait in the queue before its days count as not loaded.
QUEUE_PATIENCE = dt.timedelta(minutes=10)
#: How long a change on disk may take to get into the queue.
NOTICE = dt.timedelta(minutes=1)
#: How far the database may round the time of a change.
SAME = dt.timedelta(milliseconds=1)
#: Reasons that are given of a day with rejected lines.
REASONS = 3
#: The stretches of days that check_loaded_days speaks of.
STRETCHES_FROM, STRETCH = dt.date(2000, 1, 1), 32
ALL = (1 << STRETCH) - 1
#: How the reason begins for which a segment is held as a whole.
WHOLE = "columns: "


@dataclass(frozen=True, slots=True)
class _State:
    """What was decided last about a segment."""

    region: str
    code: str
    month: str
    state: str
    reason: str
    changed_at: dt.datetime | None

    @property
    def key(self) -> SegmentKey:
        return SegmentKey(self.region, self.code, self.month)


@check(
    "critical",
    "disk",
    hint="giddyup-watch status tells whether the daemon works, giddyup-watch why REGION/CODE/DAY"
    " what is in the way; giddyup-watch ingest loads the day by hand",
)
def not_loaded(ask: Ask) -> Iterator[Finding]:
    """Days on disk that the database lacks.

    Not those that wait in the queue for less than ten minutes, nor those that
    changed within the last one; but once one is open, no such excuse counts
    until it is loaded. A held day is `held_days`'.
    """
    lacking = _lacking(ask)
    if not lacking:
        return
    states = ask.fetch_all("fetch_segment_states", row=_State)
    decided = {state.key: state for state in states}
    known = {one.key for one in incidents.unresolved(ask.conn) if one.family == "not_loaded"}
    for key, days in sorted(lacking.items()):
        state, held = decided.get(key), ask.tree.holdings[key]
        if state is not None and state.state == "held" and state.reason.startswith(WHOLE):
            continue
        excused = _excused(ask, key, held, state)
        for day in days:
            name = f"{key.region}/{key.code}/{day}"
            if excused and name not in known:
                continue
            races = sum(held.races[day].values())
            yield not_loaded.finding(
                name,
                f"{name}: {races} races on disk are not loaded: {_why(ask, key, held, state)}",
                _item(key, day) | {"races": races, "state": state.state if state else "unknown"},
                day=day,
                region=key.region,
                code=key.code,
            )


def _lacking(ask: Ask) -> dict[SegmentKey, list[dt.date]]:
    """Return the days of each segment of which the files hold rows and the database does not."""
    rows = ask.fetch_all("check_loaded_days")
    well = {(region, code, number): days & ALL for region, code, number, days in rows}
    whole, months = ask.turn != NO_TURN, {f"{day:%Y-%m}" for day in ask.days}
    return {
        key: sorted(day for day in held.races if bits >> day.day - 1 & 1)
        for key, held in ask.tree.holdings.items()
        if (whole or key.month in months) and (bits := held.raced_bits & ~_bits_of_month(key, well))
    }


def _bits_of_month(key: SegmentKey, stretches: Mapping[tuple[str, str, int], int]) -> int:
    """Cut the month out of two of the stretches of days that it may lie in."""
    number, first = divmod((key.first_day - STRETCHES_FROM).days, STRETCH)
    low, high = (stretches.get((key.region, key.code, n), 0) for n in (number, number + 1))
    return (high << STRETCH | low) >> first


def _excused(ask: Ask, key: SegmentKey, held: Holding, state: _State | None) -> bool:
    """Whether the segment may yet be loaded in good time."""
    waited = ask.waiting.get(key)
    if waited is not None:
        return waited <= QUEUE_PATIENCE.total_seconds()
    changed = dt.datetime.fromtimestamp(held.stamp.changed_at, dt.UTC)
    if state is not None and state.changed_at is not None and state.changed_at + SAME >= changed:
        return False
    return ask.now - changed < NOTICE


def _why(ask: Ask, key: SegmentKey, held: Holding, state: _State | None) -> str:
    if held.stamp.runners is None:
        return f"{tree.names(key).runners} is not on disk"
    if state is not None and state.state in ("refused", "failed", "parked"):
        return f"{state.state}: {state.reason}"
    if key in ask.waiting:
        return f"it has waited for {ask.waiting[key] / 60:.0f} minutes in the queue"
    if state is None:
        return "nothing was decided about it yet"
    return f"its segment is {state.state}, but the ledger or ingested_days lacks the day"


@check(
    "critical",
    "disk",
    hint="look why: giddyup-watch why REGION/CODE/DAY; correct the files, or accept what they"
    " hold: giddyup-watch ingest --region R --code C --date D --accept shrink|rejects|columns",
)
def held_days(ask: Ask) -> Iterator[Finding]:
    """Days that are not loaded on purpose, until their content changes or somebody accepts it."""
    for region, code, day, reason in ask.fetch_all("check_held_days"):
        key = SegmentKey(region, code, f"{day:%Y-%m}")
        yield _held(key, day, reason, f"--date {day}")
    whole = ask.fetch_all("check_held_segments", {"whole": f"{WHOLE}%"})
    for region, code, month, reason, known in whole:
        key = SegmentKey(region, code, month)
        holding = ask.tree.holdings.get(key)
        for day in sorted({*known, *(holding.races if holding else ())}):
            yield _held(key, day, reason, f"--month {month}")


def _held(key: SegmentKey, day: dt.date, reason: str, when: str) -> Finding:
    name = f"{key.region}/{key.code}/{day}"
    accept = f"{_command(key, when)} --accept {reason.partition(':')[0]}"
    return held_days.finding(
        name,
        f"{name} is held: {reason}; to load it as it is: {accept}",
        _item(key, day) | {"reason": reason, "command": accept},
        day=day,
        region=key.region,
        code=key.code,
    )


@check(
    "warning",
    "ledger",
    hint="racing.ingest_rejects names file, line and reason of each; the day is loaded without"
    " them, and again when its file changes",
)
def rejected_rows(ask: Ask) -> Iterator[Finding]:
    """Days that were loaded without some of their lines."""
    rows = ask.fetch_all("check_rejected_days", {"most": REASONS})
    for region, code, day, rejected, reasons in rows:
        name = f"{region}/{code}/{day}"
        said = "; ".join(f"{r['file']} line {r['line']}: {r['reason']}" for r in reasons)
        key = SegmentKey(region, code, f"{day:%Y-%m}")
        yield rejected_rows.finding(
            name,
            f"{name}: {rejected} lines were not loaded: {said}",
            _item(key, day) | {"rejected": rejected, "reasons": reasons},
            day=day,
            region=region,
            code=code,
        )


@check(
    "info",
    "ledger",
    hint="the scraper files races where they do not belong; each is loaded once, from the folder"
    " named as its type, or else the folder of its code",
)
def misfiled_races(ask: Ask) -> Iterator[Finding]:
    """Months with races that belong in another folder, or that another folder has too."""
    for region, code, month, misfiled, copies in ask.fetch_all("check_misfiled"):
        key = SegmentKey(region, code, month)
        yield misfiled_races.finding(
            str(key),
            f"{key}: {misfiled} races belong in another folder, {copies} are another folder's",
            _item(key) | {"misfiled": misfiled, "copies": copies},
            region=region,
            code=code,
        )


def _item(key: SegmentKey, day: dt.date | None = None) -> dict[str, Any]:
    where: dict[str, Any] = {"region": key.region, "code": key.code}
    return where | ({"date": day.isoformat()} if day else {"month": key.month})


def _command(key: SegmentKey, when: str) -> str:
    return f"giddyup-watch ingest --region {key.region} --code {key.code} {when}"
