"""What `verify` found: of a segment, of each of its days, of single rows."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from giddyup_watch.model import SegmentKey, Table
from giddyup_watch.store.verified import Proven

#: From good to bad; a segment is as bad as the worst of its days.
#: `behind`: the files are newer than what was loaded, or being written.
Result = Literal["equal", "absent", "refused", "held", "behind", "different"]
RESULTS: tuple[Result, ...] = ("equal", "absent", "refused", "held", "behind", "different")

#: What can be wrong with a row: not in the database, not as in the file, ours but in no file.
Fault = Literal["missing", "changed", "superfluous"]

#: Rows told one by one for each day.
SAMPLE = 20


class Difference(NamedTuple):
    """One cell or row that differs; for a whole row column and values are empty.

    `key` is the race's or runner's; names are shown as norms.
    """

    fault: Fault
    table: Table
    key: str
    column: str = ""
    stored: object = None
    wanted: object = None

    def __str__(self) -> str:
        row = f"{self.table.removesuffix('s')} {self.key}"
        if self.fault != "changed":
            return f"{row} is {self.fault}"
        return f"{row} has {self.column} {self.stored!r}, the file {self.wanted!r}"


@dataclass(slots=True)
class Tally:
    """Rows of one table on one day.

    `compared` were, cell by cell; `foreign` are in the database and in no
    provenance: others wrote them, and that is no difference.
    """

    compared: int = 0
    missing: int = 0
    changed: int = 0
    superfluous: int = 0
    foreign: int = 0

    @property
    def faults(self) -> int:
        return self.missing + self.changed + self.superfluous

    def add(self, other: "Tally") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class DayProof:
    """One day of a segment; `sample` has the first of its differences."""

    day: dt.date
    result: Result
    reason: str = ""
    races: Tally = field(default_factory=Tally)
    runners: Tally = field(default_factory=Tally)
    sample: list[Difference] = field(default_factory=list)

    def tally(self, table: Table) -> Tally:
        return self.races if table == "races" else self.runners

    def differs(self, *found: Difference, reason: str = "") -> None:
        """Note what is not as it has to be; once noted, the day stays different."""
        self.result = "different"
        self.reason = reason or self.reason
        self.sample += found[: SAMPLE - len(self.sample)]

    @property
    def finding(self) -> str:
        """The day's differences in one phrase, the first of them with its cells."""
        parts = [
            f"{getattr(tally, fault)} {table} {fault}"
            for table, tally in (("races", self.races), ("runners", self.runners))
            for fault in ("missing", "changed", "superfluous")
            if getattr(tally, fault)
        ]
        said = ", ".join(parts)
        first = f" ({self.sample[0]})" if self.sample else ""
        return "; ".join(filter(None, (said + first, self.reason)))


@dataclass(frozen=True, slots=True)
class Proof:
    """One segment compared with its files; `reason` says why nothing could be compared.

    `proven` is there when every day was compared and equal: what that rests on.
    `remembered`: nothing that it rests on has changed since it was recorded.
    """

    key: SegmentKey
    result: Result
    reason: str = ""
    days: Sequence[DayProof] = ()
    seconds: float = 0.0
    proven: Proven | None = None
    remembered: bool = False

    @property
    def differing(self) -> list[DayProof]:
        return [day for day in self.days if day.result == "different"]

    @property
    def finding(self) -> str:
        """How the segment differs, in one sentence; empty when it does not."""
        return "; ".join(f"{day.day}: {day.finding}" for day in self.differing)
