"""A snapshot's two files joined to days of races with their runners, by the rules for rows."""

import datetime as dt
from dataclasses import dataclass

from giddyup_watch.model import TABLES, Reject, SegmentKey, Table
from giddyup_watch.source import tree
from giddyup_watch.source.draft import Draft
from giddyup_watch.source.manifest import Manifest
from giddyup_watch.source.rows import Day, Race, Runner
from giddyup_watch.source.snapshot import Snapshot
from giddyup_watch.source.tables import TableFile

__all__ = ["Content", "Day", "Race", "Runner", "parse"]


@dataclass(frozen=True, slots=True)
class Content:
    """What the files of a segment say.

    `days` has every day of the month that a line could be dated to; `rejects`
    are those of the lines that could not. `lines` counts the data lines of
    the files, blank ones left out: the lines of all days and the undated
    rejected ones. `missing_columns` are in the database's words,
    `unknown_columns` in the file's. `misfiled` counts the races that belong
    to another folder.
    """

    key: SegmentKey
    days: dict[dt.date, Day]
    rejects: list[Reject]
    duplicates: dict[Table, int]
    missing_columns: dict[Table, frozenset[str]]
    unknown_columns: dict[Table, tuple[str, ...]]
    lines: dict[Table, int]
    keys: dict[Table, int]
    cut_short: tuple[Table, ...]
    misfiled: int

    def agrees(self, manifest: Manifest) -> bool:
        """Whether both files are whole and have as many lines, or keys, as the manifest says."""
        counts: dict[Table, int] = {"races": manifest.race_count, "runners": manifest.runner_count}
        return not self.cut_short and all(
            counts[table] in (self.lines[table], self.keys[table]) for table in TABLES
        )

    @property
    def plain(self) -> bool:
        """Whether every line of the files is a race, or a runner of one, with a key of its own."""
        return not (
            self.cut_short
            or self.rejects
            or any(self.duplicates.values())
            or any(day.rejects for day in self.days.values())
        )


def parse(snapshot: Snapshot) -> Content:
    """Raise SegmentRefusedError when a file cannot be what it claims to be.

    Measured: a busy month, 850 races and 8,500 runners in 4.5 MB, in 160 ms.
    """
    races, runners = files(snapshot)
    draft = Draft(snapshot.key)
    draft.read_races(races)
    draft.read_runners(runners)
    return summed_up(snapshot.key, draft, races, runners)


def files(snapshot: Snapshot) -> tuple[TableFile, TableFile]:
    """Return races and runners, of which the headers are read."""
    key, names = snapshot.key, tree.names(snapshot.key)
    return (
        TableFile("races", key, names.races, snapshot.races),
        TableFile("runners", key, names.runners, snapshot.runners),
    )


def summed_up(key: SegmentKey, draft: Draft, races: TableFile, runners: TableFile) -> Content:
    """Say what the files hold that the draft has read to their ends."""
    both = (races, runners)
    return Content(
        key=key,
        days=draft.days(),
        rejects=draft.undated,
        duplicates=draft.duplicates,
        missing_columns={file.table: file.columns.missing for file in both},
        unknown_columns={file.table: file.columns.unknown for file in both},
        lines={file.table: file.lines for file in both},
        keys={file.table: len(file.keys) for file in both},
        cut_short=tuple(file.table for file in both if file.cut_short),
        misfiled=draft.misfiled,
    )
