"""Races and runners as their files have them, before any cell is cleaned."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from giddyup_watch.model import Reject, Table

NON_RUNNER = "NR"  # a `pos` that is known before the race is run


@dataclass(frozen=True, slots=True)
class Runner:
    """One runner's line; `cells` in the order of `cells.RUNNER_COLUMNS`."""

    line: int
    key: str
    pos: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Race:
    """One race's line and its runners; `cells` in the order of `cells.RACE_COLUMNS`.

    `digest` is over the cells of the race and of its runners by key, so it does
    not depend on the order of lines or columns, nor on where the lines stand.
    """

    line: int
    key: str
    day: dt.date
    course: str
    race_type: str
    cells: tuple[str, ...]
    runners: list[Runner]
    digest: bytes

    @property
    def runner_keys(self) -> tuple[str, ...]:
        return tuple(runner.key for runner in self.runners)

    @property
    def resulted(self) -> bool:
        """Whether any runner has a result; a non-runner is known before there is one."""
        return any(runner.pos not in ("", NON_RUNNER) for runner in self.runners)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a segment.

    Per table `lines` = rows + rejected lines + `duplicates`: nothing is lost
    without a trace. `digest` is over all of these except line numbers.
    """

    day: dt.date
    races: Mapping[str, Race]
    rejects: list[Reject]
    lines: dict[Table, int]
    duplicates: dict[Table, int]
    digest: bytes

    @property
    def runners(self) -> int:
        """Number of runners in its races."""
        rejected = sum(reject.table == "runners" for reject in self.rejects)
        return self.lines["runners"] - rejected - self.duplicates["runners"]


def race_digest(cells: Sequence[str], runners: Sequence[Runner]) -> bytes:
    parts = list(cells)
    for runner in sorted(runners, key=lambda runner: runner.key):
        parts += runner.cells
    return _digest(parts)


def day_digest(
    races: Mapping[str, Race], rejects: Sequence[Reject], duplicates: dict[Table, int]
) -> bytes:
    parts = [str(len(races)), *(f"{table} {n}" for table, n in sorted(duplicates.items()))]
    for key, race in sorted(races.items()):
        parts += (key, race.digest.hex())
    for reject in sorted((r.table, r.value, r.reason) for r in rejects):
        parts += reject
    return _digest(parts)


def _digest(parts: Sequence[str]) -> bytes:
    """Hash texts of which none contains NUL, and whose number follows from the first ones."""
    return hashlib.sha256("\0".join(parts).encode()).digest()
