"""What one segment's folder holds now, as whoever would load it sees it."""

import datetime as dt
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from giddyup_watch.errors import (
    NotReadyError,
    SegmentAbsentError,
    SegmentRefusedError,
    TreeMissingError,
)
from giddyup_watch.ingest import examine
from giddyup_watch.model import FileStamp, Fingerprint, Reject, SegmentKey, SegmentStamp
from giddyup_watch.source import content, layout, snapshot, tree
from giddyup_watch.source.content import Content, Day, Runner
from giddyup_watch.source.snapshot import Snapshot

#: `no tree`: the master directory is not there. `writing`: not at rest. `absent`: folder or CSV.
State = Literal["readable", "writing", "refused", "absent", "no tree"]


@dataclass(frozen=True, slots=True)
class File:
    """One of the segment's files; no `sha256` when it could not be read."""

    name: str
    size: int
    changed_at: dt.datetime
    sha256: bytes | None


@dataclass(frozen=True, slots=True)
class Disk:
    """A segment's folder. `problem` says why it is not readable.

    `parsed` is what the files say, also of files that are being written, as far
    as that goes; `agrees` whether the manifest says the same.
    """

    state: State
    folder: Path
    problem: str = ""
    files: Sequence[File] = ()
    snapshot: Snapshot | None = None
    parsed: Content | None = None
    agrees: bool = False

    @property
    def changed_at(self) -> dt.datetime | None:
        """When the newest of the files changed."""
        return max((file.changed_at for file in self.files), default=None)

    def outline(self, holds: Callable[[dt.date], bool]) -> "Disk":
        """The same of some days, without the files' bytes and cells: to be kept for long."""
        if self.snapshot is None or self.parsed is None:
            return self
        days = {day: _outlined(one) for day, one in self.parsed.days.items() if holds(day)}
        return replace(
            self,
            snapshot=replace(self.snapshot, races=b"", runners=b""),
            parsed=replace(self.parsed, days=days),
        )

    @property
    def undated(self) -> list[Reject]:
        """Rejected lines that no day could be made out of."""
        rejects = self.parsed.rejects if self.parsed else ()
        return [reject for reject in rejects if reject.column is None]


_NOBODY = Runner(0, "", "", ())


def _outlined(day: Day) -> Day:
    races = {
        key: replace(race, cells=(), runners=[_NOBODY] * len(race.runners))
        for key, race in day.races.items()
    }
    return replace(day, races=races)


def look(
    master: Path, key: SegmentKey, orphan_seconds: float, decided: Fingerprint | None = None
) -> Disk:
    """Read and parse the segment; whatever is in the way is in the answer.

    Files that are what was `decided` on are not being written, whatever their
    manifest says.
    """
    folder = layout.paths(master, key).folder
    try:
        seen = snapshot.read(master, key)
    except TreeMissingError as error:
        return Disk("no tree", folder, error.message)
    except SegmentAbsentError as error:
        return Disk("absent", folder, error.message, _stamped(master, key))
    except SegmentRefusedError as error:
        return Disk("refused", folder, error.message, _stamped(master, key))
    except NotReadyError as error:
        return Disk("writing", folder, error.message, _stamped(master, key))
    return _parse(folder, seen, -math.inf if seen.fingerprint == decided else orphan_seconds)


def _parse(folder: Path, seen: Snapshot, orphan_seconds: float) -> Disk:
    files = _files(seen.key, seen.stamp, seen.fingerprint)
    try:
        parsed, agrees = examine.parse(seen, orphan_seconds)
    except NotReadyError as error:
        half = None
        with suppress(SegmentRefusedError):
            half = content.parse(seen)
        return Disk("writing", folder, error.message, files, seen, half)
    except SegmentRefusedError as error:
        return Disk("refused", folder, error.message, files, seen)
    return Disk("readable", folder, "", files, seen, parsed, agrees)


def _stamped(master: Path, key: SegmentKey) -> list[File]:
    """Return what a stat tells of the files, nothing when even that is refused."""
    with suppress(NotReadyError, SegmentRefusedError, TreeMissingError):
        return _files(key, snapshot.stamp(master, key), Fingerprint(None, None, None))
    return []


def _files(key: SegmentKey, stamp: SegmentStamp, found: Fingerprint) -> list[File]:
    names = tree.names(key)
    seen = (
        (names.manifest, stamp.manifest, found.manifest),
        (names.races, stamp.races, found.races),
        (names.runners, stamp.runners, found.runners),
    )
    return [_file(name, one, digest) for name, one, digest in seen if one is not None]


def _file(name: str, stamp: FileStamp, digest: bytes | None) -> File:
    changed_at = dt.datetime.fromtimestamp(stamp.ctime_ns / 1e9, dt.UTC)
    return File(name, stamp.size, changed_at, digest)
