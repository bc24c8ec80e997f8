import hashlib
import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from giddyup_watch.errors import (
    NotReadyError,
    SegmentAbsentError,
    SegmentRefusedError,
    SegmentUnfinishedError,
    TreeMissingError,
)
from giddyup_watch.model import FileStamp, SegmentKey
from giddyup_watch.source import content, layout, snapshot, tree
from giddyup_watch.source.layout import Paths
from tests.unit import months
from tests.unit.months import CODES, KEY, REGIONS


def test_a_snapshot_is_what_the_three_files_hold(tmp_path: Path) -> None:
    paths = months.write(tmp_path)
    taken = snapshot.read(tmp_path, KEY)
    assert (taken.key, taken.races, taken.runners) == (
        KEY,
        paths.races.read_bytes(),
        paths.runners.read_bytes(),
    )
    assert taken.manifest == months.claim(3, 6)
    assert taken.manifest_problem == ""
    assert taken.fingerprint.manifest == hashlib.sha256(paths.manifest.read_bytes()).digest()
    assert taken.fingerprint.races == hashlib.sha256(taken.races).digest()
    assert taken.fingerprint.runners == hashlib.sha256(taken.runners).digest()


def test_stamps_are_those_of_a_look_and_of_stat(tmp_path: Path) -> None:
    paths = months.write(tmp_path)
    taken = snapshot.read(tmp_path, KEY)
    status = paths.races.stat()
    assert taken.stamp.races == FileStamp(
        status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )
    assert taken.stamp == layout.look(tmp_path, REGIONS, CODES).segments[KEY]


def test_content_decides_not_times(tmp_path: Path) -> None:
    paths = months.write(tmp_path)
    before = snapshot.read(tmp_path, KEY)
    os.utime(paths.races, ns=(0, 0))
    after = snapshot.read(tmp_path, KEY)
    assert after.stamp != before.stamp
    assert after.fingerprint == before.fingerprint


@pytest.mark.parametrize(("data", "problem"), [(b"", "empty"), (b'{"race_', "not JSON")])
def test_a_manifest_that_cannot_be_read_is_told_not_raised(
    tmp_path: Path, data: bytes, problem: str
) -> None:
    months.write(tmp_path).manifest.write_bytes(data)
    taken = snapshot.read(tmp_path, KEY)
    assert taken.manifest is None
    assert problem in taken.manifest_problem
    assert taken.fingerprint.manifest == hashlib.sha256(data).digest()


def test_a_missing_manifest_is_told_not_raised(tmp_path: Path) -> None:
    months.write(tmp_path).manifest.unlink()
    taken = snapshot.read(tmp_path, KEY)
    assert (taken.manifest, taken.manifest_problem) == (None, "missing")
    assert (taken.stamp.manifest, taken.fingerprint.manifest) == (None, None)


@pytest.mark.parametrize("name", ["races", "runners", "folder"])
def test_without_folder_or_csv_the_segment_is_absent(tmp_path: Path, name: str) -> None:
    paths = months.write(tmp_path)
    target: Path = getattr(paths, name)
    target.rename(tmp_path / "moved")
    with pytest.raises(SegmentAbsentError, match=target.name):
        snapshot.read(tmp_path, KEY)


def test_without_a_master_the_tree_is_missing_not_the_segment(tmp_path: Path) -> None:
    with pytest.raises(TreeMissingError):
        snapshot.read(tmp_path / "master", KEY)
    with pytest.raises(TreeMissingError):
        snapshot.stamp(tmp_path / "master", KEY)


def test_an_absent_segment_has_empty_stamps(tmp_path: Path) -> None:
    assert snapshot.stamp(tmp_path, KEY) == tree.NOT_THERE


@pytest.mark.failure(line=31)
@pytest.mark.parametrize(
    "key",
    [
        SegmentKey("..", "flat", "2024-01"),
        SegmentKey("gb", ".", "2024-01"),
        SegmentKey("gb", "", "2024-01"),
        SegmentKey("gb", "flat/../jumps", "2024-01"),
        SegmentKey("gb", "flat\0", "2024-01"),
        SegmentKey("g" * 300, "flat", "2024-01"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, key: SegmentKey) -> None:
    months.write(tmp_path)
    with pytest.raises(SegmentRefusedError):
        snapshot.read(tmp_path, key)


@pytest.mark.failure(line=31)
@pytest.mark.parametrize("name", ["gb", "gb/flat", "gb/flat/2024-01"])
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    master = tmp_path / "master"
    months.write(master)
    target = master / name
    target.rename(tmp_path / "outside")
    target.symlink_to(tmp_path / "outside")
    with pytest.raises(SegmentRefusedError, match="is a link, or not a folder"):
        snapshot.read(master, KEY)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gb").write_text("")
    with pytest.raises(SegmentRefusedError, match="gb is a link, or not a folder"):
        snapshot.read(tmp_path, KEY)


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def unix_socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/fd/{folder}/{path.name}")  # the path itself may be too long
    os.close(folder)


def device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # zeros without end


@pytest.mark.failure(line=31)
@pytest.mark.parametrize(
    "make",
    [link, os.mkfifo, Path.mkdir, unix_socket, pytest.param(device, marks=pytest.mark.root)],
)
@pytest.mark.parametrize("name", ["manifest", "races", "runners"])
def test_what_is_no_regular_file_is_refused_and_does_not_hang(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    target: Path = getattr(months.write(tmp_path), name)
    target.unlink()
    make(target)
    with pytest.raises(SegmentRefusedError, match=f"{target.name} is not a regular file"):
        snapshot.read(tmp_path, KEY)


@pytest.mark.failure(line=31)
@pytest.mark.parametrize(
    ("name", "size"),
    [("races", 5 * 10**9), ("runners", 2**26 + 1), ("manifest", 2**20 + 1)],
)
def test_a_file_above_the_limit_is_refused_before_it_is_read(
    tmp_path: Path, name: str, size: int
) -> None:
    target: Path = getattr(months.write(tmp_path), name)
    os.truncate(target, size)  # sparse: it would be read as NUL bytes
    with pytest.raises(SegmentRefusedError, match=rf"{target.name} has [0-9,]+ bytes, the limit"):
        snapshot.read(tmp_path, KEY)


@pytest.mark.parametrize("closed", ["races", "folder"])
def test_what_may_not_be_read_is_refused_with_what_to_do(
    open_master: Path, as_nobody: None, closed: str
) -> None:
    target: Path = getattr(months.write(open_master), closed)
    target.chmod(0)
    with pytest.raises(SegmentRefusedError, match="may not be read") as raised:
        snapshot.read(open_master, KEY)
    assert raised.value.hint


def test_a_folder_that_may_be_listed_but_not_entered_is_refused(
    open_master: Path, as_nobody: None
) -> None:
    months.write(open_master).folder.chmod(0o444)
    for look in (snapshot.read, snapshot.stamp):
        with pytest.raises(SegmentRefusedError, match="may not be read"):
            look(open_master, KEY)


class Rewriter:
    """Rewrites a month over and over from another thread, in one of the ways writers have."""

    def __init__(self, rewrite: Callable[[int], None]) -> None:
        self._rewrite = rewrite
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        count = 0
        while not self._stop.is_set():
            self._rewrite(count)
            count += 1

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()


HEADER = b"race_key,runner_key,num,pos,horse\n"


def appending(paths: Paths) -> Callable[[int], None]:
    """Add a line in two writes, and begin again before the file has grown large."""

    def rewrite(count: int) -> None:
        if count % 100 == 0:
            paths.runners.write_bytes(HEADER)
        with paths.runners.open("ab", buffering=0) as file:
            file.write(b"r1,r1-%d," % (count + 100))
            file.write(b"9,9,horse\n")

    return rewrite


def truncating(paths: Paths) -> Callable[[int], None]:
    """Empty the file and write it anew, line by line."""

    def rewrite(count: int) -> None:
        with paths.runners.open("wb", buffering=0) as file:
            file.write(HEADER)
            for num in range(count % 50):
                file.write(b"r1,r1-%d,9,9,horse\n" % num)

    return rewrite


@pytest.mark.failure(line=10)
@pytest.mark.parametrize("writer", [appending, truncating])
def test_of_a_month_that_is_being_written_no_half_line_is_ever_read(
    tmp_path: Path, writer: Callable[[Paths], Callable[[int], None]]
) -> None:
    paths = months.write(tmp_path, runners=HEADER)
    turned_away = 0
    with Rewriter(writer(paths)):
        for _ in range(300):
            try:
                taken = snapshot.read(tmp_path, KEY)
                parsed = content.parse(taken)
            except (NotReadyError, SegmentUnfinishedError):
                turned_away += 1
                continue
            runners = [r for d in parsed.days.values() for x in d.races.values() for r in x.runners]
            assert {months.cell(runner, "horse") for runner in runners} <= {"horse"}
            assert taken.stamp.runners is not None
            assert taken.stamp.runners.size == len(taken.runners)
    assert turned_away > 0


def test_a_folder_swapped_for_another_while_it_is_read_is_not_ready(tmp_path: Path) -> None:
    paths = months.write(tmp_path / "master")
    spare = months.write(tmp_path / "spare")

    def swap(_: int) -> None:
        paths.folder.rename(tmp_path / "aside")
        spare.folder.rename(paths.folder)
        (tmp_path / "aside").rename(spare.folder)

    seen: set[str] = set()
    with Rewriter(swap):
        for _ in range(20_000):
            try:
                snapshot.read(tmp_path / "master", KEY)
                seen.add("whole")
            except (NotReadyError, SegmentAbsentError) as error:
                seen.add(type(error).__name__)
            if {"whole", "NotReadyError"} <= seen:
                break
    assert "NotReadyError" in seen


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    paths = months.write(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        snapshot.read(tmp_path, KEY)
        layout.look(tmp_path, REGIONS, CODES)
    paths.races.unlink()
    os.mkfifo(paths.races)
    for _ in range(20):
        with pytest.raises(SegmentRefusedError):
            snapshot.read(tmp_path, KEY)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
