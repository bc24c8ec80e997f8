"""What is shown of one day of a region and code: a state, and the reason when it is not fine.

Pure: what disk, ledger and rows say of the day in, the cell out.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from giddyup_watch.model import SegmentKey
from giddyup_watch.store.coverage import DecidedDay, DecidedSegment

#: `none`: nothing is known and nothing expected. `pending`: on disk, and loaded in a moment.
State = Literal[
    "loaded", "no_racing", "partly", "missing", "rejected", "held", "pending", "none"
]  # fmt: skip
STATES: tuple[State, ...] = (
    "loaded", "no_racing", "partly", "missing", "rejected", "held", "pending", "none"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a region and code; races on disk and stored are counted by their type."""

    day: dt.date
    state: State
    reason: str
    on_disk: int
    stored: int


@dataclass(frozen=True, slots=True)
class Folder:
    """What one folder has to do with a day.

    `races` are those of the cell's code in its files, `lines` all of the day.
    `home`: it is the folder of that code. `fresh`: its files changed a moment
    ago; `newer`: since they were decided on. `problem`: they cannot be read.
    """

    key: SegmentKey
    races: int
    lines: int
    home: bool
    claimed: bool
    fresh: bool
    newer: bool
    problem: str
    day: DecidedDay | None
    segment: DecidedSegment | None
    lost: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about one cell; `missing` is the open incident of that day."""

    day: dt.date
    folders: Sequence[Folder]
    stored: int
    past: bool
    blank: bool
    missing: str

    @property
    def on_disk(self) -> int:
        return sum(folder.races for folder in self.folders)

    @property
    def involved(self) -> Iterator[Folder]:
        """Folders that have races of this code, or had, as far as the ledger knows."""
        return (one for one in self.folders if one.races or (one.home and one.day is not None))


def judge(facts: Facts) -> Cell:
    """Decide on the state: what is held before what is not there, that before what is not whole."""
    for rule in (_held, _absent, _not_whole, _rejected, _there, _not_loaded, _nothing):
        made = rule(facts)
        if made is not None:
            return Cell(facts.day, *made, facts.on_disk, facts.stored)
    return Cell(facts.day, "none", "", facts.on_disk, facts.stored)


_Verdict = tuple[State, str] | None


def _held(facts: Facts) -> _Verdict:
    for one in facts.involved:
        if one.day is not None and one.day.state == "held":
            return "held", f"{one.key}: {one.day.reason}"
        whole = one.segment
        if one.races and whole and whole.state == "held" and whole.reason.startswith("columns:"):
            return "held", f"{one.key}: {whole.reason}"
    return None


def _absent(facts: Facts) -> _Verdict:
    for one in facts.involved:
        if one.day is None or one.races:
            continue
        if one.day.state == "absent" or (one.segment and one.segment.state == "absent"):
            kept = f"{one.day.races} races loaded from {one.key} are kept"
            return "held", f"gone from disk, the {kept}"
    return None


def _not_whole(facts: Facts) -> _Verdict:
    """Some is stored, and some of what is known of is not."""
    if not facts.stored:
        return None
    lost = sum(one.lost for one in facts.involved)
    if lost:
        return "partly", f"{lost} races that were loaded are no longer in the database"
    for one in facts.involved:
        new = one.day is None and facts.stored < facts.on_disk
        if new or (one.day is not None and one.newer and one.lines > _known(one.day)):
            count = one.lines - (_known(one.day) if one.day else 0)
            state: State = "pending" if one.fresh else "partly"
            return state, f"{count} races on disk are not loaded: {_why(one)}"
    return None


def _rejected(facts: Facts) -> _Verdict:
    rejected = sum(one.day.rejected for one in facts.involved if one.day is not None)
    if not facts.stored or not rejected:
        return None
    return "rejected", f"{rejected} lines could not be loaded"


def _there(facts: Facts) -> _Verdict:
    return ("loaded", "") if facts.stored else None


def _not_loaded(facts: Facts) -> _Verdict:
    """Nothing is stored of what is, or was, on disk."""
    for one in facts.involved:
        if one.lost:
            return "missing", f"{one.lost} races that were loaded are no longer in the database"
        if one.races:
            state: State = "pending" if one.fresh else "missing"
            return state, f"{facts.on_disk} races on disk are not loaded: {_why(one)}"
    return None


def _nothing(facts: Facts) -> _Verdict:
    """Nothing is on disk of this code, and nothing stored."""
    home = [one for one in facts.folders if one.home]
    if any(one.claimed for one in home):
        return "no_racing", "processed, and no racing found"
    if facts.blank:
        return "no_racing", "a blank day"
    if facts.missing:
        return "missing", facts.missing
    unread = next((one for one in home if one.problem), None)
    if unread is not None and facts.past:
        return "missing", f"its files cannot be read: {unread.problem}"
    return None


def _known(day: DecidedDay) -> int:
    return day.races + day.rejected


def _why(folder: Folder) -> str:
    segment = folder.segment
    if segment is None:
        return f"{folder.key} was never loaded"
    if segment.reason and segment.state in ("failed", "refused", "parked", "due"):
        return f"{folder.key} {segment.state}: {segment.reason}"
    return f"{folder.key} has changed since" if folder.newer else f"{folder.key} {segment.state}"
