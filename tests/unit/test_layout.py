import os
import time
from pathlib import Path

import pytest

from giddyup_watch.errors import TreeMissingError
from giddyup_watch.model import FileStamp, SegmentKey
from giddyup_watch.source import layout, snapshot, tree
from giddyup_watch.source.layout import Look
from tests.unit import months
from tests.unit.months import CODES, KEY, REGIONS

LOOK_SECONDS = 0.020  # for 900 segments, on the machine of the first measurement
SLOWER_MACHINE = 10


def look(master: Path) -> Look:
    return layout.look(master, REGIONS, CODES)


def test_a_look_stamps_the_three_files_of_every_segment(tmp_path: Path) -> None:
    keys = [KEY, SegmentKey("ire", "jumps", "1999-12"), SegmentKey("gb", "flat", "2024-02")]
    for key in keys:
        months.write(tmp_path, key)
    found = look(tmp_path)
    assert set(found.segments) == set(keys)
    status = layout.paths(tmp_path, KEY).races.stat()
    stamp = FileStamp(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    assert found.segments[KEY].races == stamp
    assert found.segments[KEY] == snapshot.stamp(tmp_path, KEY)
    assert found.strangers == frozenset()


def test_a_look_knows_the_root_by_device_and_inode(tmp_path: Path) -> None:
    master = tmp_path / "master"
    master.mkdir()
    first = look(master).root
    assert first == (master.stat().st_dev, master.stat().st_ino)
    master.rename(tmp_path / "old")
    master.mkdir()
    assert look(master).root != first


def test_files_that_are_not_there_have_no_stamp(tmp_path: Path) -> None:
    paths = months.write(tmp_path)
    paths.manifest.unlink()
    assert look(tmp_path).segments[KEY].manifest is None
    paths.races.unlink()
    paths.runners.unlink()
    assert look(tmp_path).segments[KEY] == tree.NOT_THERE


def test_every_rewrite_changes_the_stamp_and_other_files_do_not(tmp_path: Path) -> None:
    paths = months.write(tmp_path)
    before = look(tmp_path)
    (paths.folder / "manifest.json.tmp").write_text("{}")
    (paths.folder / ".races.csv.a1b2").write_text("")
    (paths.folder / "unmatched_gb_flat_2024-01.csv").write_text("date\n")
    assert look(tmp_path) == before
    with paths.runners.open("ab") as file:
        file.write(b"x\n")
    assert look(tmp_path).segments[KEY] != before.segments[KEY]


def test_folders_that_are_not_ours_are_named_once_and_not_entered(tmp_path: Path) -> None:
    months.write(tmp_path)
    for name in ("fr/flat/2024-01", "gb/hurdle/2024-01", "gb/flat/2024-13", "gb/flat/backup"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "README").write_text("a file is no stranger")
    (tmp_path / ".git" / "flat").mkdir(parents=True)
    found = look(tmp_path)
    assert set(found.segments) == {KEY}
    assert found.strangers == {"fr", "gb/hurdle", "gb/flat/2024-13", "gb/flat/backup"}


def test_the_list_of_strangers_has_an_end(tmp_path: Path) -> None:
    for n in range(layout.MAX_STRANGERS + 5):
        (tmp_path / f"x{n}").mkdir()
    assert len(look(tmp_path).strangers) == layout.MAX_STRANGERS


def test_a_name_that_is_no_text_can_be_shown(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"gb\xff")).mkdir()
    assert look(tmp_path).strangers == {"gb\\xff"}


@pytest.mark.failure(line=31)
def test_links_are_strangers_wherever_they_lead(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    months.write(elsewhere, SegmentKey("ire", "flat", "2024-01"))
    master = tmp_path / "master"
    paths = months.write(master)
    (master / "ire").symlink_to(elsewhere / "ire")
    (master / "gb" / "jumps").symlink_to(master / "gb" / "flat")
    (master / "gb" / "flat" / "2024-02").symlink_to(paths.folder)
    found = look(master)
    assert set(found.segments) == {KEY}
    assert found.strangers == {"ire", "gb/jumps", "gb/flat/2024-02"}


def test_the_master_itself_may_be_a_link(tmp_path: Path) -> None:
    months.write(tmp_path / "real")
    (tmp_path / "master").symlink_to("real")
    assert set(look(tmp_path / "master").segments) == {KEY}


@pytest.mark.parametrize("what", ["nothing", "file"])
def test_without_a_master_directory_there_is_no_look(tmp_path: Path, what: str) -> None:
    if what == "file":
        (tmp_path / "master").write_text("")
    with pytest.raises(TreeMissingError, match="cannot be read") as raised:
        look(tmp_path / "master")
    assert raised.value.hint


def test_an_empty_master_is_an_empty_look(tmp_path: Path) -> None:
    assert look(tmp_path).segments == {}


@pytest.mark.parametrize(
    ("closed", "seen"),
    [("gb/flat/2024-01", True), ("gb/flat", False), ("gb", False)],
)
def test_a_folder_that_may_not_be_read_does_not_hide_the_others(
    open_master: Path, as_nobody: None, closed: str, seen: bool
) -> None:
    other = SegmentKey("ire", "flat", "2024-01")
    months.write(open_master, KEY)
    months.write(open_master, other)
    (open_master / closed).chmod(0)
    found = look(open_master)
    assert (found.segments.get(KEY) == tree.NOT_THERE) is seen
    assert found.segments[other].races is not None
    assert closed in found.strangers


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("gb/flat/2024-01", KEY),
        ("gb/flat/2024-01/", KEY),
        ("gb/flat/2024-01/manifest.json", KEY),
        ("gb/flat/2024-01/races_gb_flat_2024-01.csv", KEY),
        ("gb/flat/2024-01/runners_gb_flat_2024-01.csv", KEY),
        ("gb/flat/2024-01/runners_gb_flat_2024-02.csv", None),
        ("gb/flat/2024-01/manifest.json.tmp", None),
        ("gb/flat/2024-01/unmatched_gb_flat_2024-01.csv", None),
        ("gb/flat/2024-01/manifest.json/x", None),
        ("gb/flat/2024-00", None),
        ("gb/flat/2024-1", None),
        ("gb/hurdle/2024-01", None),
        ("fr/flat/2024-01", None),
        ("gb/flat", None),
        ("gb", None),
        ("", None),
        ("gb/../gb/flat/2024-01", None),
        ("../gb/flat/2024-01", None),
        ("gb/flat/\u0662\u0660\u0662\u0664-\u0660\u0661", None),  # digits, but not ours
    ],
)
def test_a_path_of_an_event_names_its_segment_or_none(
    tmp_path: Path, path: str, key: SegmentKey | None
) -> None:
    assert layout.segment_of(tmp_path, f"{tmp_path}/{path}", REGIONS, CODES) == key


def test_a_path_outside_the_master_is_nobodys(tmp_path: Path) -> None:
    outside = "/elsewhere/gb/flat/2024-01"
    assert layout.segment_of(tmp_path, outside, REGIONS, CODES) is None


def test_a_look_at_900_segments_is_cheap(tmp_path: Path) -> None:
    for n in range(900):
        key = SegmentKey(REGIONS[n % 2], CODES[n // 2 % 2], f"{1950 + n // 12}-{n % 12 + 1:02d}")
        paths = layout.paths(tmp_path, key)
        paths.folder.mkdir(parents=True)
        for file in (paths.manifest, paths.races, paths.runners):
            file.touch()
    started = time.process_time()
    assert len(look(tmp_path).segments) == 900
    assert time.process_time() - started < LOOK_SECONDS * SLOWER_MACHINE
