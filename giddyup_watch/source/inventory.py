"""What the tree holds, day by day: the races' dates and types, read again where files change."""

import datetime as dt
import functools
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from giddyup_watch import model
from giddyup_watch.errors import NotReadyError, PermanentError, SegmentAbsentError
from giddyup_watch.model import SegmentKey, SegmentStamp
from giddyup_watch.source import cells, snapshot, tree
from giddyup_watch.source.layout import Look
from giddyup_watch.source.tables import TableFile

_DATE = cells.position("races", "date")
_KEY = cells.position("races", "race_key")
_TYPE = cells.position("races", "type")


@dataclass(frozen=True, slots=True)
class Holding:
    """What one segment's files hold, as far as a glance tells.

    `races` counts the races of each day by the code that their type belongs to,
    whatever the folder; lines without a date of the month are not counted.
    `claimed` are the days that the manifest says were processed, `vouched` the same
    as far as it can be believed. `problem` says why nothing could be read; then all
    are empty. Files that are not there hold nothing: that is no problem. `digest` is
    the SHA-256 of the races they were counted from: a file that was only touched is
    not counted again.
    """

    stamp: SegmentStamp
    races: Mapping[dt.date, Mapping[str, int]] = field(default_factory=dict)
    claimed: frozenset[dt.date] = frozenset()
    vouched: frozenset[dt.date] = frozenset()
    problem: str = ""
    digest: bytes = b""
    #: The days of `races` and of `vouched`, the first of the month as bit 0.
    raced_bits: int = field(init=False)
    vouched_bits: int = field(init=False)

    def __post_init__(self) -> None:
        for name, days in (("raced_bits", self.races), ("vouched_bits", self.vouched)):
            object.__setattr__(self, name, sum(1 << (day.day - 1) for day in days))


class Inventory:
    """The holdings of every segment that a look found. Used by one thread."""

    def __init__(self) -> None:
        self.holdings: Mapping[SegmentKey, Holding] = {}

    def update(self, master: Path, look: Look) -> bool:
        """Read again what changed, or could not be read, the last time; say whether that is news.

        Raises TreeMissingError when the tree goes meanwhile. `holdings`
        is another one then. Measured: 900 segments, 25 MB of races, in 1.6 s at
        first, in 1 ms unchanged.
        """
        return self._take(self._read(master, look.segments))

    def renew(self, master: Path, stamps: Mapping[SegmentKey, SegmentStamp]) -> bool:
        """Do the same with some segments alone; what is known of the others stays."""
        others = {key: held for key, held in self.holdings.items() if key not in stamps}
        return self._take(others | self._read(master, stamps))

    def _read(
        self, master: Path, stamps: Mapping[SegmentKey, SegmentStamp]
    ) -> dict[SegmentKey, Holding]:
        return {
            key: held
            if (held := self.holdings.get(key)) and held.stamp == stamp and not held.problem
            else _hold(master, key, stamp, held)
            for key, stamp in stamps.items()
            if stamp != tree.NOT_THERE
        }

    def _take(self, found: dict[SegmentKey, Holding]) -> bool:
        if found == self.holdings:
            return False
        self.holdings = found
        return True

    def days(self, region: str, code: str | None = None) -> set[dt.date]:
        """Days with races of the region, of one code by the races' type or of all."""
        return {
            day
            for key, held in self.holdings.items()
            if key.region == region
            for day, counts in held.races.items()
            if code is None or code in counts
        }


def _hold(master: Path, key: SegmentKey, stamp: SegmentStamp, before: Holding | None) -> Holding:
    """Read one segment; what cannot be read just now is what it was, and read again next time."""
    try:
        manifest, data = snapshot.glance(master, key)
        digest = hashlib.sha256(data).digest()
        if before is not None and before.digest == digest:
            races = before.races
        else:
            races = _count(TableFile("races", key, tree.names(key).races, data))
    except SegmentAbsentError:
        return Holding(stamp)
    except NotReadyError as error:
        return before or Holding(tree.NOT_THERE, problem=error.message)
    except PermanentError as error:
        return Holding(stamp, problem=error.message)
    if manifest is None:
        return Holding(stamp, races, digest=digest)
    claimed = frozenset(filter(key.holds, manifest.processed_dates))
    return Holding(stamp, races, claimed, manifest.vouched(key), digest=digest)


def _count(file: TableFile) -> Mapping[dt.date, Mapping[str, int]]:
    """Count each race once: the later line of a key wins, whatever day it names."""
    races: dict[str, tuple[dt.date, str]] = {}
    day_of = functools.cache(functools.partial(_day, file.key))  # a month has 31, and 800 races
    for line, row in file:
        if row and (day := day_of(row[_DATE])) is not None:
            races[row[_KEY] or f"line {line.number}"] = (day, model.code_of(row[_TYPE]))
    counted: dict[dt.date, Counter[str]] = {}
    for day, code in races.values():
        counted.setdefault(day, Counter())[code] += 1
    return counted


def _day(key: SegmentKey, text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if key.holds(day) else None
