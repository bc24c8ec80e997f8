"""The words of the program as values: what source reads, store keeps and ingest compares."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self

Table = Literal["races", "runners"]
TABLES: tuple[Table, Table] = ("races", "runners")

SegmentState = Literal["loaded", "due", "held", "refused", "absent", "failed", "parked"]
DayState = Literal["loaded", "held", "absent"]
Accept = Literal["shrink", "rejects", "columns"]
Trigger = Literal["watch", "rescan", "startup", "api", "cli"]
RunStatus = Literal["running", "success", "failed", "canceled"]

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class SegmentKey(NamedTuple):
    """One month folder: `region/code/YYYY-MM` below the master directory.

    A tuple, for it is hashed and compared all day: a look at the tree does nothing else.
    """

    region: str
    code: str
    month: str

    def __str__(self) -> str:
        return f"{self.region}/{self.code}/{self.month}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise ValueError unless `text` is `region/code/YYYY-MM`."""
        parts = text.strip("/").split("/")
        if len(parts) != 3 or not is_month(parts[2]):
            raise ValueError(f"{text!r} is not region/code/YYYY-MM")
        return cls(*parts)

    @property
    def first_day(self) -> dt.date:
        return dt.date.fromisoformat(f"{self.month}-01")

    @property
    def next_month(self) -> dt.date:
        """First day after the segment: the open end of its partition's range."""
        return (self.first_day + dt.timedelta(days=31)).replace(day=1)

    def holds(self, day: dt.date) -> bool:
        return self.first_day <= day < self.next_month


def is_month(text: str) -> bool:
    """Whether `text` is a calendar month `YYYY-MM` that a date can have."""
    return _MONTH.fullmatch(text) is not None and "0001" <= text[:4] <= "9998"


def code_of(race_type: str) -> str:
    """Return the code that a race of this type belongs to, whatever its folder."""
    return "flat" if race_type.lower() == "flat" else "jumps"


def newest_first(key: SegmentKey) -> tuple[int, str, str]:
    """Sort key: today is never behind a backfill."""
    return (-int(key.month.replace("-", "")), key.region, key.code)


class FileStamp(NamedTuple):
    """What a stat tells of a file; it only decides whether to look at the content."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class SegmentStamp(NamedTuple):
    """Stamps of a segment's three files; None for one that is not there."""

    manifest: FileStamp | None
    races: FileStamp | None
    runners: FileStamp | None

    @property
    def changed_at(self) -> float:
        """Newest ctime of the files there are, in seconds since the epoch; 0.0 without any."""
        stamps = (self.manifest, self.races, self.runners)
        return max((s.ctime_ns for s in stamps if s is not None), default=0) / 1e9


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """SHA-256 of each file of a segment (32 bytes); None for one that is not there."""

    manifest: bytes | None
    races: bytes | None
    runners: bytes | None


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything besides the files that decides what ends in the database."""

    off_times: Literal["auto", "24h"] = "auto"
    vanished_rows: Literal["delete", "keep"] = "delete"
    keep_live_prices: bool = True
    shrink_guard_percent: float = 10.0
    reject_budget_percent: float = 1.0

    #: Raised with every change of parsing, cleaning or planning that changes results.
    VERSION = 1

    @property
    def fingerprint(self) -> str:
        """Segments whose ledger carries another value are read again."""
        return (
            f"v{self.VERSION} off={self.off_times} vanished={self.vanished_rows}"
            f" live={'keep' if self.keep_live_prices else 'no'}"
            f" shrink={self.shrink_guard_percent:g} rejects={self.reject_budget_percent:g}"
        )


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was not loaded (`column` is None), or a cell that became NULL.

    `line` is the physical line in the file, the header being 1. `value` is cut
    to what an operator needs to recognise it. `day` is None when the line has
    no readable date. `counts` is False where the budget does not see it:
    cleaned cells, and runners whose race was itself rejected.
    """

    table: Table
    line: int
    day: dt.date | None
    column: str | None
    value: str
    reason: str
    counts: bool = True


@dataclass(slots=True)
class Counts:
    """What became of the lines of one table. `read` is the sum of the others but `deleted`."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    duplicate: int = 0
    held: int = 0
    deleted: int = 0

    @property
    def read(self) -> int:
        return (
            self.inserted
            + self.updated
            + self.unchanged
            + self.rejected
            + self.duplicate
            + self.held
        )

    @property
    def written(self) -> int:
        return self.inserted + self.updated + self.deleted

    def add(self, other: "Counts") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Effects:
    """What one segment, or one run, did to the two fact tables."""

    races: Counts = field(default_factory=Counts)
    runners: Counts = field(default_factory=Counts)
    cells_cleaned: int = 0
    days: int = 0
    segments: int = 0
    bytes: int = 0
    errors: int = 0

    @property
    def written(self) -> int:
        return self.races.written + self.runners.written

    def add(self, other: "Effects") -> None:
        self.races.add(other.races)
        self.runners.add(other.runners)
        for name in ("cells_cleaned", "days", "segments", "bytes", "errors"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def stats(self) -> dict[str, int]:
        """The `stats` document of `etl_runs`; the first five keys are the original system's."""
        stats = {
            "races_inserted": self.races.inserted,
            "runners_inserted": self.runners.inserted,
            "races_updated": self.races.updated,
            "runners_updated": self.runners.updated,
            "errors": self.errors,
        }
        for table, counts in (("races", self.races), ("runners", self.runners)):
            for name in ("read", "unchanged", "deleted", "rejected", "duplicate", "held"):
                stats[f"{table}_{name}"] = getattr(counts, name)
        for name in ("cells_cleaned", "days", "segments", "bytes"):
            stats[name] = getattr(self, name)
        return stats


@dataclass(frozen=True, slots=True)
class LedgerSegment:
    """What was last decided about a segment; `rules` and `fingerprint` say about which content.

    `days_agree` is False when one of the segment's loaded days is no longer in
    `racing.ingested_days`: somebody wants it loaded again.
    """

    key: SegmentKey
    state: SegmentState
    reason: str
    rules: str
    fingerprint: Fingerprint
    attempts: int
    days_agree: bool = True


@dataclass(frozen=True, slots=True)
class LedgerDay:
    """One day of a segment as last decided.

    `digest` is of the content loaded last, `rules` those by which the database
    holds just that; empty when it holds something else (leftovers kept,
    ownership passed on). `held` is the token of the content that is held (see
    ingest.guards), None when nothing is.
    `ingested` says whether `racing.ingested_days` has the day; `copies` and
    `copied_runners` count what the folder holds of races that another owns.
    """

    day: dt.date
    state: DayState
    reason: str
    digest: bytes | None
    rules: str
    held: bytes | None
    accepted: Sequence[str]
    ingested: bool
    copies: int = 0
    copied_runners: int = 0


@dataclass(frozen=True, slots=True)
class LedgerRace:
    """One folder's copy of a race: provenance. Keys are those found in its file.

    `digest` is None when the race must be written again whatever the file
    says; `in_file` is False for one gone from the file but kept in the
    database; `absent` says that its day, or its whole folder, is.
    """

    key: SegmentKey
    day: dt.date
    race_key: str
    digest: bytes | None
    rank: int
    owned: bool
    in_file: bool
    runner_keys: tuple[str, ...]
    absent: bool = False

    @property
    def on_disk(self) -> bool:
        return self.in_file and not self.absent
