"""The check whether manifest, files and database agree, segment by segment."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from giddyup_watch.gaps import recount
from giddyup_watch.gaps.check import Ask, Finding, check
from giddyup_watch.gaps.recount import Gone
from giddyup_watch.model import SegmentKey

#: Attempts after which a segment that cannot be loaded is no passing trouble.
ATTEMPTS = 3
#: Days named in a sentence.
NAMED = 3


@dataclass(frozen=True, slots=True)
class _Segment:
    """What ledger and last proof say of a segment of which something may not agree."""

    region: str
    code: str
    month: str
    state: str | None
    reason: str
    attempts: int
    counts_agree: bool | None
    manifest_races: int | None
    manifest_runners: int | None
    file_races: int | None
    file_runners: int | None
    known_days: int
    absent_days: Sequence[dt.date]
    undated: int
    different_days: Sequence[dt.date]
    drift: str | None


@dataclass(frozen=True, slots=True)
class _Problem:
    """One way in which a segment does not agree.

    `said` may name what changes from one attempt to the next, `detail` may not.
    """

    kind: str
    said: str
    detail: object = None


@check(
    "warning",
    "ledger",
    hint="giddyup-watch why SEGMENT tells more. Rows that are gone or differ are written again by"
    " giddyup-watch ingest --region R --code C --month M --force; what is gone from disk for good"
    " is given up with --accept shrink",
)
def count_mismatch(ask: Ask) -> Iterator[Finding]:
    """Months of which manifest, files and database do not agree.

    Critical when the database lost rows, or differs from the files: drift. Rows
    are counted in the window and, by turns, in a share of all months.
    """
    problems: defaultdict[SegmentKey, list[_Problem]] = defaultdict(list)
    for segment in ask.fetch_all("check_segments", row=_Segment):
        key = SegmentKey(segment.region, segment.code, segment.month)
        problems[key] += _problems(segment)
    lost: defaultdict[SegmentKey, list[Gone]] = defaultdict(list)
    for one in recount.gone(ask):
        lost[one.key].append(one)
    for key, rows in lost.items():
        problems[key].append(_lost(rows))
    for key, found in sorted(problems.items()):
        if found:
            yield _finding(key, found)


def _finding(key: SegmentKey, problems: Sequence[_Problem]) -> Finding:
    made = count_mismatch.finding(
        str(key),
        f"{key}: " + "; ".join(problem.said for problem in problems),
        {
            "region": key.region,
            "code": key.code,
            "month": key.month,
            "problems": {problem.kind: problem.detail for problem in problems},
        },
        region=key.region,
        code=key.code,
    )
    drifted = any(problem.kind in ("drift", "lost") for problem in problems)
    return replace(made, severity="critical") if drifted else made


def _problems(segment: _Segment) -> Iterator[_Problem]:
    if segment.drift is not None:
        days = [day.isoformat() for day in segment.different_days]
        yield _Problem("drift", f"verify found that it differs: {segment.drift}", days)
    match segment.state:
        case "refused":
            yield _Problem("refused", f"refused: {segment.reason}", segment.reason)
        case "failed" if segment.attempts >= ATTEMPTS:
            yield _Problem("failed", f"cannot be loaded: {segment.reason}")
        case "parked":
            yield _Problem("parked", f"parked: {segment.reason}")
        case "absent" if segment.known_days:
            yield _Problem("absent", f"absent: {segment.reason}", segment.known_days)
        case "loaded" | "held" | "due":
            yield from _miscounted(segment)
    if segment.absent_days and segment.state != "absent":
        days = [day.isoformat() for day in segment.absent_days]
        yield _Problem("absent_days", f"no longer in the files: {_named(days)}", days)
    if segment.undated:
        said = f"{segment.undated} lines without a readable date were not loaded"
        yield _Problem("undated", said, segment.undated)


def _miscounted(segment: _Segment) -> Iterator[_Problem]:
    if segment.counts_agree or segment.file_races is None:
        return
    files = f"the files have {segment.file_races} and {segment.file_runners}"
    claim = "there is no readable manifest"
    if segment.manifest_races is not None:
        claim = (
            f"manifest says {segment.manifest_races} races and {segment.manifest_runners} runners"
        )
    detail = {
        "manifest": [segment.manifest_races, segment.manifest_runners],
        "files": [segment.file_races, segment.file_runners],
    }
    yield _Problem("counts", f"{claim}, {files}", detail)


def _lost(rows: Sequence[Gone]) -> _Problem:
    races, runners = sum(row.races for row in rows), sum(row.runners for row in rows)
    days = [row.d.isoformat() for row in rows]
    return _Problem(
        "lost",
        f"{races} races and {runners} runners of ours are gone from the database: {_named(days)}",
        {row.d.isoformat(): [row.races, row.runners] for row in rows},
    )


def _named(days: Sequence[str]) -> str:
    more = f" and {len(days) - NAMED} days more" if len(days) > NAMED else ""
    return ", ".join(days[:NAMED]) + more
