"""Reaching a segment's files: by folder descriptors, without following a link below the master."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from giddyup_watch.errors import (
    NotReadyError,
    SegmentAbsentError,
    SegmentRefusedError,
    TreeMissingError,
)
from giddyup_watch.model import FileStamp, SegmentKey, SegmentStamp

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ_HINT = "give the user of this program the right to read it"
NOT_THERE = SegmentStamp(None, None, None)


class Names(NamedTuple):
    """The files of a segment, as they are called in its folder."""

    manifest: str
    races: str
    runners: str


def names(key: SegmentKey) -> Names:
    tail = f"{key.region}_{key.code}_{key.month}.csv"
    return Names("manifest.json", f"races_{tail}", f"runners_{tail}")


@contextmanager
def root(master: Path) -> Iterator[int]:
    """Open the master directory, which alone may be a link: the operator has named it.

    An OSError, here or inside the block, means that it is not there.
    """
    try:
        fd = os.open(master, FOLDER)
        try:
            yield fd
        finally:
            os.close(fd)
    except OSError as error:
        raise TreeMissingError(
            f"the master directory {master} cannot be read: {error.strerror}",
            hint="check master.path, the mount and the rights of the user of this program",
        ) from error


@contextmanager
def folder(master: Path, key: SegmentKey) -> Iterator[int]:
    """Open a segment's folder; what stands in the way becomes the error of `refusal`."""
    with root(master) as top:
        opened: list[int] = []
        try:
            for name in (key.region, key.code, key.month):
                opened.append(_enter(opened[-1] if opened else top, name, key))
            yield opened[-1]
        finally:
            for fd in opened:
                os.close(fd)


def _enter(parent: int, name: str, key: SegmentKey) -> int:
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise SegmentRefusedError(f"{key} is refused: {name!r} is not the name of a folder")
    try:
        return os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        raise refusal(error, key, name) from error


def refusal(
    error: OSError, key: SegmentKey, name: str
) -> SegmentAbsentError | SegmentRefusedError | NotReadyError:
    """Sort what the file system said about one name of a segment by what to do about it."""
    match error.errno:
        case errno.ENOENT:
            return SegmentAbsentError(f"{key}: {name} is not on disk")
        case errno.ELOOP | errno.ENOTDIR | errno.ENAMETOOLONG:
            return SegmentRefusedError(f"{key} is refused: {name} is a link, or not a folder")
        case errno.EACCES | errno.EPERM:
            return SegmentRefusedError(f"{key}: {name} may not be read", hint=_READ_HINT)
        case _:
            return NotReadyError(f"{key}: {name} cannot be read now: {error.strerror}")


def stamp(parent: int, key: SegmentKey, prefix: str = "") -> SegmentStamp:
    """Stamps of a segment's files below an open folder; OSError when they may not be seen."""
    manifest, races, runners = names(key)
    return SegmentStamp(
        _file_stamp(parent, prefix + manifest),
        _file_stamp(parent, prefix + races),
        _file_stamp(parent, prefix + runners),
    )


def _file_stamp(parent: int, name: str) -> FileStamp | None:
    try:
        return stamp_of(os.stat(name, dir_fd=parent, follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return None


def stamp_of(found: os.stat_result) -> FileStamp:
    return FileStamp(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
