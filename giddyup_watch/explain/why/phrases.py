"""The words that conclusions are made of."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from giddyup_watch.explain.why.evidence import Evidence

#: Why something is as it is, in one word; docs/json.md says what each means.
Verdict = Literal[
    "loaded", "rejected", "duplicate", "elsewhere", "foreign",
    "no_racing", "blank_day", "future", "not_due", "never_scraped", "absent", "given_up",
    "writing", "refused", "held_shrink", "held_rejects", "held_columns",
    "queued", "loading", "lock_busy", "paused", "parked", "failed", "unnoticed", "no_daemon",
    "drift", "rows_deleted", "adoption_due", "migrations_due", "no_tree", "unclear",
]  # fmt: skip

#: Names told before the rest is counted.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One sentence that says why, and the one command to go on with; empty: nothing to do."""

    verdict: Verdict
    text: str
    command: str = ""


def count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def listed(things: Iterable[object]) -> str:
    """Name the first few, and say how many there are beside them."""
    names = [str(thing) for thing in things]
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def moment(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def ingest(e: Evidence, *options: str, days: Sequence[dt.date] = (), whole: bool = False) -> str:
    """Return the command that loads the days (the subject when none are given), or the month."""
    key = e.subject.key
    wanted = days or ([e.subject.day] if e.subject.day else [])
    about = [f"--date {day}" for day in sorted(wanted)]
    if whole or not about or len(about) > _NAMED:
        about = [f"--month {key.month}"]
    folder = f"--region {key.region} --code {key.code}"
    return " ".join(["giddyup-watch ingest", folder, *about, *options])
