"""Where segments lie in the master tree, and what a stat tells of all of them."""

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from giddyup_watch import model
from giddyup_watch.model import SegmentKey, SegmentStamp
from giddyup_watch.source import tree

_KEPT = 10_000  # keys; a tree of a hundred years has half as many
MAX_STRANGERS = 1_000  # names; a tree of something else is not listed to its end


@dataclass(frozen=True, slots=True)
class Paths:
    """The folder of a segment and its files."""

    folder: Path
    manifest: Path
    races: Path
    runners: Path


@dataclass(frozen=True, slots=True)
class Look:
    """What a stat-only walk of the tree found.

    `root` is device and inode of the master directory: another one means that
    it was mounted, unmounted or made anew. A segment whose files may not be
    seen has empty stamps and is named among the strangers, with the folders
    that are not ours and the links, none of which is followed.
    """

    root: tuple[int, int]
    segments: dict[SegmentKey, SegmentStamp]
    strangers: frozenset[str]


def paths(master: Path, key: SegmentKey) -> Paths:
    folder = master / key.region / key.code / key.month
    manifest, races, runners = tree.names(key)
    return Paths(folder, folder / manifest, folder / races, folder / runners)


def segment_of(
    master: Path, path: str, regions: Sequence[str], codes: Sequence[str]
) -> SegmentKey | None:
    """Name the segment whose folder or file `path` is; temporary and foreign files are nobody's."""
    try:
        parts = PurePath(path).relative_to(master).parts
    except ValueError:
        return None
    if len(parts) not in (3, 4) or parts[0] not in regions or parts[1] not in codes:
        return None
    if not model.is_month(parts[2]):
        return None
    key = SegmentKey(*parts[:3])
    return key if len(parts) == 3 or parts[3] in tree.names(key) else None


def look(master: Path, regions: Sequence[str], codes: Sequence[str]) -> Look:
    """Stat the files of every segment; TreeMissingError when there is no master directory.

    Measured: 900 segments in 10 ms.
    """
    walk = _Walk()
    with tree.root(master) as root:
        found = os.fstat(root)
        for region, region_fd in walk.folders(root, "", regions):
            for code, code_fd in walk.folders(region_fd, f"{region}/", codes):
                walk.months(code_fd, region, code)
    return Look((found.st_dev, found.st_ino), walk.segments, frozenset(walk.strangers))


def present(segments: Mapping[SegmentKey, SegmentStamp]) -> dict[SegmentKey, SegmentStamp]:
    """Those of which there is any file: an empty folder is nothing yet, or nothing any more."""
    return {key: stamp for key, stamp in segments.items() if stamp != tree.NOT_THERE}


@functools.lru_cache(maxsize=_KEPT)
def _key(region: str, code: str, name: str) -> SegmentKey | None:
    """The same key in each look: what is the same object is compared at once."""
    return SegmentKey(region, code, name) if model.is_month(name) else None


class _Walk:
    """One look in the making: what is ours in `segments`, what is not in `strangers`."""

    def __init__(self) -> None:
        self.segments: dict[SegmentKey, SegmentStamp] = {}
        self.strangers: set[str] = set()

    def folders(self, parent: int, prefix: str, wanted: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Open the wanted folders of `parent` one after the other."""
        for name in self._names(parent, prefix):
            if name not in wanted:
                self._stranger(prefix + name)
                continue
            try:
                fd = os.open(name, tree.FOLDER | os.O_NOFOLLOW, dir_fd=parent)
            except FileNotFoundError:
                continue
            except OSError:
                self._stranger(prefix + name)
                continue
            try:
                yield name, fd
            finally:
                os.close(fd)

    def months(self, parent: int, region: str, code: str) -> None:
        for name in self._names(parent, f"{region}/{code}/"):
            key = _key(region, code, name)
            if key is None:
                self._stranger(f"{region}/{code}/{name}")
                continue
            try:
                self.segments[key] = tree.stamp(parent, key, f"{name}/")
            except OSError:
                self.segments[key] = tree.NOT_THERE
                self._stranger(str(key))

    def _names(self, parent: int, prefix: str) -> Iterator[str]:
        """Folders in `parent`; links go to the strangers, hidden names and files are passed by."""
        try:
            with os.scandir(parent) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_symlink():
                        self._stranger(prefix + entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        yield entry.name
        except OSError:
            if not prefix:
                raise
            self._stranger(prefix.rstrip("/"))

    def _stranger(self, path: str) -> None:
        if len(self.strangers) < MAX_STRANGERS:
            self.strangers.add(os.fsencode(path).decode("utf-8", "backslashreplace"))
