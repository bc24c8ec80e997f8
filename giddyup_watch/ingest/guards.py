"""What holds a day back: too many rejected lines, or more vanished rows than chance explains.

Pure. Each guard answers with a phrase that says by how much, or with nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from giddyup_watch.model import Accept, LedgerDay, LedgerRace, Reject, Rules, SegmentKey
from giddyup_watch.source.content import Day, Race

#: Rejected lines that a day may have whatever its size.
REJECTS_ALLOWED = 3
#: Fewer vanished rows than this never hold a day.
SHRINK_MINIMUM = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says of a loaded race: where it is run, and whether it has a result."""

    course: str
    resulted: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for all days of one segment in one run.

    With `force` nothing that the ledger says about loaded content is relied on.
    `undated` are the rejected lines without a readable date, which count
    against every day.
    """

    key: SegmentKey
    rules: Rules
    accept: frozenset[Accept] = frozenset()
    force: bool = False
    undated: Sequence[Reject] = ()


def stale(ledger: LedgerDay | None, setting: Setting) -> bool:
    """Whether what was loaded of the day may differ from what its races' digests say.

    Whoever struck it from `racing.ingested_days` may have deleted its rows too.
    """
    return (
        ledger is None
        or setting.force
        or not ledger.ingested
        or ledger.rules != setting.rules.fingerprint
    )


def hold_token(day: Day, setting: Setting) -> bytes:
    """Digest of all that decides whether a day is held: content, stray rejects and rules."""
    text = f"{len(setting.undated)} {setting.rules.fingerprint}"
    return hashlib.sha256(day.digest + text.encode()).digest()


def has_rejects(day: Day, setting: Setting) -> bool:
    """Whether any line of the day, or a line that may be of the day, was rejected."""
    return bool(setting.undated) or any(r.column is None for r in day.rejects)


def over_budget(day: Day, setting: Setting) -> str:
    """Say how far the day's rejected lines are over the budget; empty when they are not."""
    rejected = [r for r in (*day.rejects, *setting.undated) if r.column is None]
    counted = sum(r.counts for r in rejected)
    lines = sum(day.lines.values()) + len(setting.undated) - (len(rejected) - counted)
    if rejected and not day.races:
        return f"none of {sum(day.lines.values())} lines can be loaded"
    allowed = setting.rules.reject_budget_percent
    if counted <= REJECTS_ALLOWED or counted * 100 <= allowed * lines:
        return ""
    return f"{counted} of {lines} lines rejected, {allowed:g} % allowed"


def shrunk(
    day: Day,
    ours: Mapping[str, Race],
    own: Sequence[LedgerRace],
    lost: Sequence[LedgerRace],
    standing: Mapping[str, Standing],
    setting: Setting,
) -> str:
    """Say what vanished when it is more than the guard allows; empty when it is not.

    `ours` are the races of the day that are ours to write. Only what this
    segment wrote can vanish from it: a race taken over from another brings
    what that one wrote, which its own file never had.
    """
    abandoned = _abandoned(day, lost, standing)
    races = [race for race in lost if race.owned and race.race_key not in abandoned]
    stayed = [race for race in own if race.owned and race.race_key in ours]
    runners = {key for race in (*races, *stayed) for key in race.runner_keys}
    runners -= runner_keys(ours.values())
    known = {key for race in own for key in race.runner_keys}
    limit = setting.rules.shrink_guard_percent
    for table, count, total in (
        ("races", len(races), len(own)),
        ("runners", len(runners), len(known)),
    ):
        if count >= SHRINK_MINIMUM and count * 100 > limit * total:
            return f"{count} of {total} {table} gone, {limit:g} % allowed"
    return ""


def _abandoned(
    day: Day, lost: Sequence[LedgerRace], standing: Mapping[str, Standing]
) -> frozenset[str]:
    """Return lost races of courses that vanished whole before any result, while others stayed."""
    remaining = {s.course for key, s in standing.items() if key in day.races}
    resulted = {s.course for s in standing.values() if s.resulted}
    return frozenset(
        race.race_key
        for race in lost
        if (at := standing.get(race.race_key)) is not None
        and at.course not in resulted
        and at.course not in remaining
    )


def runner_keys(races: Iterable[Race]) -> frozenset[str]:
    return frozenset(runner.key for race in races for runner in race.runners)
